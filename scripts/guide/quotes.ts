// What the guide quotes: a code block behind `<!-- quoted: FILE -->`, or `<!-- quoted: FILE#REGION -->` with the region marked by
// `// #region REGION` and `// #endregion` in the file, says what is there. A block of code that is not quoted could be wrong
// without anybody noticing, so there is none.

export interface Renewed {
  readonly page: string;
  /** What cannot be renewed, in words. */
  readonly problems: readonly string[];
}

/** Languages of blocks that are somebody's to check; the others are for the eye. */
const checked = new Set(["ts", "console", "js", "json"]);
const fence = /^(?:<!-- quoted: (\S+) -->\n+)?```(\w*)\n([\s\S]*?)^```$/gm;

/** `page` with every quotation as `read` has it; undefined from `read` is a file that is not there. */
export function renewed(page: string, read: (file: string) => string | undefined): Renewed {
  const problems: string[] = [];
  const text = page.replaceAll(fence, (block, quoted: string | undefined, language: string, body: string) => {
    if (quoted === undefined) {
      if (checked.has(language)) problems.push(`a block of ${language} that is not quoted begins with "${body.split("\n")[0]}"`);
      return block;
    }
    const [file = "", region] = quoted.split("#");
    const source = read(file);
    const part = source === undefined ? undefined : partOf(source, region);
    if (part === undefined) {
      problems.push(source === undefined ? `${file} is not there` : `${file} has no region "${region}"`);
      return block;
    }
    return `<!-- quoted: ${quoted} -->\n\`\`\`${language}\n${part}\n\`\`\``;
  });
  return { page: text, problems };
}

function partOf(source: string, region: string | undefined): string | undefined {
  if (region === undefined) return source.trimEnd();
  const lines = source.split("\n");
  const from = lines.findIndex((line) => line.trim() === `// #region ${region}`);
  const to = lines.findIndex((line, i) => i > from && line.trim() === "// #endregion");
  return from === -1 || to === -1
    ? undefined
    : lines
        .slice(from + 1, to)
        .join("\n")
        .trim();
}
