// The style sheet of the reference page: system fonts, both colour schemes, one column on a phone.

export const referenceStyle = `
:root { color-scheme: light dark; --ink: #1d2433; --soft: #5b6577; --line: #d9dee7; --paper: #ffffff; --panel: #f5f7fa; --link: #0b57b7; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ef; --soft: #9aa5b8; --line: #333c4c; --paper: #12161e; --panel: #1a202b; --link: #7db3ff; }
}
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--paper); font: 16px/1.55 system-ui, sans-serif; }
a { color: var(--link); text-decoration: none; }
a:hover, a:focus { text-decoration: underline; }
code, pre, .path { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: 0.9em; }
.page { display: grid; grid-template-columns: 19rem minmax(0, 1fr); max-width: 84rem; margin: 0 auto; }
nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow: auto; padding: 2rem 1rem 2rem 1.5rem; border-right: 1px solid var(--line); }
nav h2 { margin: 1.4rem 0 0.3rem; font-size: 0.8rem; letter-spacing: 0.06em; text-transform: uppercase; color: var(--soft); }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li { padding: 0.15rem 0; overflow-wrap: anywhere; }
main { padding: 2rem 2.5rem 5rem; min-width: 0; }
h1 { margin: 0 0 0.3rem; font-size: 2rem; line-height: 1.2; }
h2 { margin: 3rem 0 0.5rem; font-size: 1.4rem; }
h3 { margin: 0; font-size: 1rem; font-weight: 600; overflow-wrap: anywhere; }
h4 { margin: 1.2rem 0 0.3rem; font-size: 0.85rem; letter-spacing: 0.04em; text-transform: uppercase; color: var(--soft); }
p { margin: 0.4rem 0; }
.soft { color: var(--soft); }
article { margin: 1.2rem 0; padding: 1.1rem 1.3rem; border: 1px solid var(--line); border-radius: 0.6rem; }
article:target { border-color: var(--link); }
.method { display: inline-block; min-width: 3.6rem; margin-right: 0.5rem; padding: 0.05rem 0.45rem; border-radius: 0.3rem; font: 600 0.75rem/1.6 ui-monospace, monospace; text-align: center; color: #ffffff; background: #5b6577; }
.get { background: #1a6f4b; } .post { background: #0b57b7; } .put, .patch { background: #8a5a00; } .delete { background: #b3261e; }
nav .method { min-width: 3.2rem; font-size: 0.65rem; }
table { width: 100%; border-collapse: collapse; font-size: 0.93rem; }
th, td { padding: 0.4rem 0.6rem 0.4rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { width: 1%; padding-right: 1rem; font-weight: 600; white-space: nowrap; overflow-wrap: normal; }
pre { margin: 0.3rem 0; padding: 0.8rem 1rem; overflow-x: auto; border-radius: 0.4rem; background: var(--panel); line-height: 1.45; }
@media (max-width: 60rem) {
  .page { display: block; }
  nav { position: static; max-height: none; padding: 1.2rem; border-right: 0; border-bottom: 1px solid var(--line); }
  main { padding: 1.2rem 1.2rem 4rem; }
  article { padding: 0.9rem; }
}
@media print { nav { display: none; } .page { display: block; } article { break-inside: avoid; } }
`;
