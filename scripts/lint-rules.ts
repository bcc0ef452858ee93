// Two rules of the house that no published linter has, as an oxlint plugin. Everything else is configured in
// .oxlintrc.json; types come structurally because oxlint publishes none for plugins.

interface Node {
  readonly type: string;
  readonly name?: string;
  readonly callee?: Node;
  readonly argument?: Node | null;
  readonly arguments?: readonly Node[];
}

interface Context {
  report(problem: { readonly node: Node; readonly message: string }): void;
}

const isNamed = (node: Node | undefined, name: string): boolean => node?.type === "Identifier" && node.name === name;

const plugin = {
  meta: { name: "atoll" },
  rules: {
    /** A thrown `Error` has no code, no outcome and no advice: whoever catches it can only guess. */
    "no-plain-error": {
      create: (context: Context) => ({
        ThrowStatement(node: Node) {
          const thrown = node.argument;
          if ((thrown?.type === "NewExpression" || thrown?.type === "CallExpression") && isNamed(thrown.callee, "Error")) {
            context.report({ node, message: "Throw a Failure with a registered code, a JournalError, or use assert for a bug of ours." });
          }
        },
      }),
    },
    /** `new Date()` and `Date()` read the clock; `new Date(ms)` only formats. */
    "no-clock-date": {
      create: (context: Context) => {
        const message = "Use Runtime.clock.now(): `Date` without an argument reads the machine's clock.";
        return {
          NewExpression(node: Node) {
            if (isNamed(node.callee, "Date") && node.arguments?.length === 0) context.report({ node, message });
          },
          CallExpression(node: Node) {
            if (isNamed(node.callee, "Date")) context.report({ node, message });
          },
        };
      },
    },
  },
};

export default plugin;
