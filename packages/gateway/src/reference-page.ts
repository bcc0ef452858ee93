// The OpenAPI document as a page of static HTML, rendered here: it works offline, without scripts, and asks nobody. Only the
// documents of openapi.ts are meant to be read by it, but all text in them is escaped, because contracts name things.
import { notation, refName, type Json } from "./schema-notation.ts";
import { referenceStyle } from "./reference-style.ts";

export { referenceStyle };

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly (Parameter | Ref)[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: { readonly [status: string]: Response | Ref };
}

interface Ref {
  readonly $ref: string;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Json;
}

type Content = { readonly [type: string]: { readonly schema: Json } };

interface Response {
  readonly description: string;
  readonly headers?: { readonly [name: string]: unknown };
  readonly content?: Content;
}

interface Document {
  readonly info: { readonly title: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } };
  readonly components: {
    readonly schemas: { readonly [name: string]: Json };
    readonly responses: { readonly [name: string]: Response };
    readonly parameters: { readonly [name: string]: Parameter };
  };
}

interface Entry {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

const escapes: { readonly [character: string]: string } = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const text = (value: string): string => value.replaceAll(/[&<>"']/g, (character) => escapes[character] as string);
/** Text in which `code` is marked. */
const prose = (value: string): string => text(value).replaceAll(/`([^`]+)`/g, "<code>$1</code>");

export function referencePage(source: object): string {
  const document = source as Document;
  const { info, tags, paths, components } = document;
  const entries = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]): readonly Entry[] => (method === "head" ? [] : [{ method, path, operation }])),
  );
  const groups = tags.map((tag) => ({ tag, entries: entries.filter(({ operation }) => operation.tags.includes(tag.name)) }));
  const menu = groups.map(({ tag, entries: own }) => `<h2>${text(tag.name)}</h2><ul>${own.map(menuItem).join("")}</ul>`).join("");
  const body = groups.map(
    ({ tag, entries: own }) =>
      `<section><h2>${text(tag.name)}</h2><p class="soft">${prose(tag.description)}</p>${own.map((entry) => article(entry, document)).join("")}</section>`,
  );
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => `<article id="schema-${text(name)}"><h3>${text(name)}</h3><pre>${notation(schema, text)}</pre></article>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(info.title)}: HTTP reference</title>
<style>${referenceStyle}</style>
</head>
<body>
<div class="page">
<nav aria-label="Operations">${menu}<h2>Forms</h2><ul><li><a href="#forms">${schemas.length} forms</a></li></ul></nav>
<main>
<h1>${text(info.title)}</h1>
<p>${prose(info.description)}</p>
<p class="soft">The same as data: <a href="openapi.json">openapi.json</a></p>
${body.join("\n")}
<section id="forms"><h2>Forms</h2>${schemas.join("\n")}</section>
</main>
</div>
</body>
</html>
`;
}

const badge = (method: string): string => `<span class="method ${text(method)}">${text(method.toUpperCase())}</span>`;

const menuItem = ({ method, path, operation }: Entry): string =>
  `<li><a href="#${text(operation.operationId)}">${badge(method)}<span class="path">${text(path)}</span></a></li>`;

function article({ method, path, operation }: Entry, { components }: Document): string {
  const parameters = (operation.parameters ?? []).map((given) => resolved(given, components.parameters));
  const responses = Object.entries(operation.responses).map(([status, given]) => [status, resolved(given, components.responses)] as const);
  const parts = [
    `<h3>${badge(method)}<span class="path">${text(path)}</span></h3>`,
    `<p>${prose(operation.summary)}${operation.description === undefined ? "" : `. <span class="soft">${prose(operation.description)}</span>`}</p>`,
    parameters.length > 0 ? `<h4>Parameters</h4>${parameterTable(parameters)}` : "",
    operation.requestBody
      ? `<h4>Body${operation.requestBody.required ? "" : " (optional)"}</h4>${contentOf(operation.requestBody.content)}`
      : "",
    `<h4>Answers</h4><table><tbody>${responses.map(([status, response]) => responseRow(status, response)).join("")}</tbody></table>`,
  ];
  return `<article id="${text(operation.operationId)}">${parts.join("")}</article>`;
}

function resolved<T extends object>(given: T | Ref, among: { readonly [name: string]: T }): T {
  return "$ref" in given ? (among[refName(given.$ref)] as T) : given;
}

function parameterTable(parameters: readonly Parameter[]): string {
  const rows = parameters.map(
    ({ name, in: place, required, description = "", schema }) =>
      `<tr><td><code>${text(name)}</code></td><td>${text(place)}${required ? ", required" : ""}</td><td><code>${notation(schema, text)}</code></td><td>${prose(description)}</td></tr>`,
  );
  return `<table><tbody>${rows.join("")}</tbody></table>`;
}

function responseRow(status: string, { description, headers = {}, content = {} }: Response): string {
  const named = Object.keys(headers).map((name) => `<code>${text(name)}</code>`);
  const note = named.length > 0 ? ` <span class="soft">Headers: ${named.join(", ")}</span>` : "";
  return `<tr><th scope="row">${text(status)}</th><td>${prose(description)}${note}${contentOf(content)}</td></tr>`;
}

function contentOf(content: Content): string {
  return Object.entries(content)
    .map(([type, { schema }]) => {
      const form = notation(schema, text);
      // The form of a problem is the same everywhere; a link says enough.
      return form.includes("\n") ? `<pre>${form}</pre>` : `<div><span class="soft">${text(type)}</span> <code>${form}</code></div>`;
    })
    .join("");
}
