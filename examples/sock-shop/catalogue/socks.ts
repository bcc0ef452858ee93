// The range of the shop: ids, names, prices, tags and image paths of the original demo, descriptions of our own. How many
// there are of each is the stock service's to know.

export interface SockEntry {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly cents: number;
  readonly images: readonly [front: string, back: string];
  readonly tags: readonly string[];
}

/** Every tag, in the order in which they are offered. */
export const tags = ["brown", "geek", "formal", "blue", "skin", "red", "action", "sport", "black", "magic", "green"] as const;

/** Ordered by id. */
export const socks: readonly SockEntry[] = [
  {
    id: "03fef6ac-1896-4ce8-bd69-b798f85c6e0b",
    name: "Holy",
    description: "More hole than sock, and every hole is hemmed. There is exactly one pair; whoever owns it never looks for the other.",
    cents: 99_99,
    images: ["/catalogue/images/holy_1.jpeg", "/catalogue/images/holy_2.jpeg"],
    tags: ["action", "magic"],
  },
  {
    id: "3395a43e-2d88-40de-b95f-e00e1502085b",
    name: "Colourful",
    description: "Every colour the dye works had left on a Friday afternoon, in stripes.",
    cents: 18_00,
    images: ["/catalogue/images/colourful_socks.jpg", "/catalogue/images/colourful_socks.jpg"],
    tags: ["brown", "blue"],
  },
  {
    id: "510a0d7e-8e83-4193-b483-e27e09ddc34d",
    name: "SuperSport XL",
    description: "Padded heel, long shaft, grips that hold. Made for those who run up the stairs when the pager rings.",
    cents: 15_00,
    images: ["/catalogue/images/puma_1.jpeg", "/catalogue/images/puma_2.jpeg"],
    tags: ["formal", "sport", "black"],
  },
  {
    id: "6d62d909-f957-430e-8689-b5129c0bb75e",
    name: "Weave special",
    description: "A small edition in a close weave. When they are gone the loom gets another warp.",
    cents: 17_15,
    images: ["/catalogue/images/weave1.jpg", "/catalogue/images/weave2.jpg"],
    tags: ["geek", "black"],
  },
  {
    id: "808a2de1-1aaa-4c25-a9b9-6612e8f29a38",
    name: "Crossed",
    description: "Diamonds on a calm ground, for legs that like to lie one over the other.",
    cents: 17_32,
    images: ["/catalogue/images/cross_1.jpeg", "/catalogue/images/cross_2.jpeg"],
    tags: ["formal", "blue", "red", "action"],
  },
  {
    id: "819e1fbf-8b7e-4f6d-811f-693534916a8b",
    name: "Figueroa",
    description: "Named after a street with more lights than night. Goes with a suit if the suit has humour.",
    cents: 14_00,
    images: ["/catalogue/images/WAT.jpg", "/catalogue/images/WAT2.jpg"],
    tags: ["formal", "blue", "green"],
  },
  {
    id: "837ab141-399e-4c1f-9abc-bace40296bac",
    name: "Cat socks",
    description: "Soft paws for the hard floor. Cats approve, mostly by stealing one.",
    cents: 15_00,
    images: ["/catalogue/images/catsocks.jpg", "/catalogue/images/catsocks2.jpg"],
    tags: ["brown", "formal", "green"],
  },
  {
    id: "a0a4f044-b040-410d-8ead-4de0446aec7e",
    name: "Nerd leg",
    description: "A sock in the colour of a leg that has not seen the sun since the last release. Nobody will notice; that is the point.",
    cents: 7_99,
    images: ["/catalogue/images/bit_of_leg_1.jpeg", "/catalogue/images/bit_of_leg_2.jpeg"],
    tags: ["blue", "skin"],
  },
  {
    id: "d3588630-ad8e-49df-bbd7-3167f7efb246",
    name: "YouTube.sock",
    description: "Red, loud, and suddenly it is three in the morning.",
    cents: 10_99,
    images: ["/catalogue/images/youtube_1.jpeg", "/catalogue/images/youtube_2.jpeg"],
    tags: ["geek", "formal"],
  },
  {
    id: "zzz4f044-b040-410d-8ead-4de0446aec7e",
    name: "Classic",
    description: "A heel, a toe, and what belongs in between.",
    cents: 12_00,
    images: ["/catalogue/images/classic.jpg", "/catalogue/images/classic2.jpg"],
    tags: ["brown", "green"],
  },
];
