// Pictures of the socks, drawn as SVG: deterministic, small, and nobody else's. The file names are the original ones, so
// they end in .jpg; browsers go by the content type.
import { socks } from "./socks.ts";

type Pattern = "plain" | "stripes" | "dots" | "diamonds" | "holes" | "weave";

interface Look {
  readonly ground: string;
  readonly accent: string;
  readonly pattern: Pattern;
}

const looks: { readonly [sockName: string]: Look } = {
  Holy: { ground: "#e9e2d0", accent: "#b08d2f", pattern: "holes" },
  Colourful: { ground: "#3f7fbf", accent: "#e0662f", pattern: "stripes" },
  "SuperSport XL": { ground: "#23262b", accent: "#d7dade", pattern: "plain" },
  "Weave special": { ground: "#2b2f38", accent: "#6f7f95", pattern: "weave" },
  Crossed: { ground: "#2f4f8f", accent: "#c03a3a", pattern: "diamonds" },
  Figueroa: { ground: "#2e7d5b", accent: "#f0c14b", pattern: "dots" },
  "Cat socks": { ground: "#8a6242", accent: "#f1e4d3", pattern: "dots" },
  "Nerd leg": { ground: "#edc9a8", accent: "#d9a982", pattern: "plain" },
  "YouTube.sock": { ground: "#c4302b", accent: "#ffffff", pattern: "stripes" },
  Classic: { ground: "#6b4a34", accent: "#3c6e47", pattern: "plain" },
};

const folder = "/catalogue/images/";
const outline = "M100 50H180V158Q180 178 198 188L238 208Q262 222 254 244Q248 260 226 260H148Q100 256 100 208Z";

/** `pair`: the second picture shows both socks. */
function draw(name: string, look: Look, pair: boolean): string {
  const one = sockShape(look);
  const shown = pair ? `<g transform="translate(-30 8) scale(.9)">${one}</g><g transform="translate(55 -2) scale(.9)">${one}</g>` : one;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 300" width="300" height="300" role="img">`,
    `<title>${name}</title>`,
    `<defs>${fill(look)}</defs>`,
    `<rect width="300" height="300" fill="#f6f4ef"/>`,
    shown,
    `</svg>`,
  ].join("");
}

function sockShape({ ground, accent }: Look): string {
  return [
    `<path d="${outline}" fill="${ground}"/>`,
    `<path d="${outline}" fill="url(#pattern)"/>`,
    `<path d="M100 196Q132 206 148 260Q100 256 100 208Z" fill="${accent}"/>`, // heel
    `<path d="M222 200L238 208Q262 222 254 244Q248 260 226 260H208Q206 224 222 200Z" fill="${accent}"/>`, // toe
    `<rect x="94" y="36" width="92" height="26" rx="6" fill="${accent}"/>`, // cuff
    `<path d="${outline}" fill="none" stroke="#00000033" stroke-width="2"/>`,
  ].join("");
}

/** One tile of the pattern, repeated over the sock. */
function fill({ accent, pattern }: Look): string {
  const tile: { readonly [P in Pattern]: string } = {
    plain: "",
    stripes: `<rect width="28" height="9" fill="${accent}"/>`,
    dots: `<circle cx="14" cy="14" r="5" fill="${accent}"/>`,
    diamonds: `<path d="M14 2L23 14L14 26L5 14Z" fill="${accent}"/><path d="M0 0L28 28M28 0L0 28" stroke="#ffffff66"/>`,
    holes: `<circle cx="14" cy="14" r="7" fill="#f6f4ef" stroke="${accent}" stroke-width="2"/>`,
    weave: `<path d="M0 7H28M0 21H28M7 0V28M21 0V28" stroke="${accent}" stroke-width="3" stroke-dasharray="10 4"/>`,
  };
  return `<pattern id="pattern" width="28" height="28" patternUnits="userSpaceOnUse">${tile[pattern]}</pattern>`;
}

/** By file name. A sock whose two pictures share a name has the first one. */
const pictures: ReadonlyMap<string, string> = new Map(
  socks.flatMap(({ name, images: [front, back] }) => {
    const look = looks[name] as Look;
    return [
      [back.slice(folder.length), draw(name, look, true)],
      [front.slice(folder.length), draw(name, look, false)],
    ] as const;
  }),
);

/** The SVG document with this file name; undefined if there is none. */
export const picture = (file: string): string | undefined => pictures.get(file);
