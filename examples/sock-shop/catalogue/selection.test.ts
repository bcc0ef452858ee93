import assert from "node:assert/strict";
import { test } from "node:test";
import { picture } from "./picture.ts";
import { select, withTags, type Page } from "./selection.ts";
import { socks, tags } from "./socks.ts";

const names = (page: Partial<Page>) => select({ tags: [], sort: "id", page: 1, size: 10, ...page }).map(({ name }) => name);
const all = socks.map(({ name }) => name);

test("catalogue: it has the ten socks and eleven tags of the original, ordered by id, each sock with tags of that list", () => {
  assert.equal(socks.length, 10);
  assert.equal(tags.length, 11);
  assert.deepEqual(names({}), all);
  for (const sock of socks)
    assert.deepEqual(
      tags.filter((tag) => sock.tags.includes(tag)),
      sock.tags,
    );
});

test("catalogue: without tags a filter lets everything through, with several it takes socks that have any of them", () => {
  assert.equal(withTags([]), socks);
  assert.deepEqual(names({ tags: ["geek"] }), ["Weave special", "YouTube.sock"]);
  assert.deepEqual(names({ tags: ["magic", "geek", "magic"] }), ["Holy", "Weave special", "YouTube.sock"]);
  assert.deepEqual(names({ tags: ["no such tag"] }), []);
});

test("catalogue: pages follow each other without gap or repetition, and the one behind the last is empty", () => {
  assert.deepEqual(
    [1, 2, 3, 4].flatMap((page) => names({ page, size: 3 })),
    all,
  );
  assert.deepEqual(names({ page: 4, size: 3 }), all.slice(9));
  assert.deepEqual(names({ page: 5, size: 3 }), []);
  assert.deepEqual(names({ page: Number.MAX_SAFE_INTEGER, size: Number.MAX_SAFE_INTEGER }), []);
});

test("catalogue: it sorts by name and by price, ties by id", () => {
  assert.deepEqual(names({ sort: "name" }), [...all].sort());
  const cheapestFirst = ["Nerd leg", "YouTube.sock", "Classic", "Figueroa", "SuperSport XL", "Cat socks", "Weave special", "Crossed"];
  assert.deepEqual(names({ sort: "price" }), [...cheapestFirst, "Colourful", "Holy"]);
});

test("catalogue: every picture that a sock names is drawn, the same each time, and no other exists", () => {
  for (const { images, name } of socks) {
    for (const path of images)
      assert.match(picture(path.split("/").at(-1) ?? "") ?? "", new RegExp(`^<svg .*<title>${name}</title>.*</svg>$`));
  }
  assert.notEqual(picture("holy_1.jpeg"), picture("holy_2.jpeg"));
  for (const none of ["", "holy_3.jpeg", "../socks.ts", "__proto__"]) assert.equal(picture(none), undefined);
});
