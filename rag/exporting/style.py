"""The look of exported pages: one quiet column, light or dark as the reader's system is, on paper
without loss."""

STYLE = """
:root {
  color-scheme: light dark;
  --ink: #1f2430; --dim: #5b6472; --paper: #ffffff; --card: #f7f7f5; --line: #d9dce2;
  --accent: #2b5fb4; --mark: #fff0b3; --calm: #f3f1ec;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e8ec; --dim: #a4adba; --paper: #17191e; --card: #1f2228; --line: #3a4049;
    --accent: #8db4f5; --mark: #5c4a12; --calm: #25282f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 2rem 1.25rem 3rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  overflow-wrap: anywhere;
}
main { max-width: 46rem; margin: 0 auto; }
h1 { font-size: 1.5rem; line-height: 1.3; margin: 0 0 1.5rem; }
h2 { font-size: 1.2rem; line-height: 1.4; margin: 0 0 .25rem; }
h3 { font-size: .9rem; color: var(--dim); margin: 1.75rem 0 .5rem; }
h4 { font-size: 1rem; line-height: 1.4; margin: 0; }
p { margin: 0 0 .75rem; }
article { border-top: 1px solid var(--line); padding: 1.5rem 0 2rem; }
.understood, .byline, .offsets, footer { color: var(--dim); font-size: .875rem; }
.understood { margin-bottom: 1rem; }
.says { font-weight: 600; margin: 1rem 0 .25rem; }
blockquote {
  margin: 0 0 .75rem; padding: .1rem 0 .1rem .9rem; border-left: 3px solid var(--accent);
}
a { color: inherit; text-decoration-color: var(--line); text-underline-offset: 3px; }
a:hover { text-decoration-color: currentcolor; }
.cite { color: var(--accent); font-size: .875em; font-weight: 600; text-decoration: none; }
.cite:hover { text-decoration: underline; }
.source {
  border: 1px solid var(--line); border-radius: 10px; background: var(--card);
  padding: .9rem 1rem; margin: 0 0 .75rem; scroll-margin: 1rem;
}
.source:target { outline: 2px solid var(--accent); }
.source p, .source ul { margin: .35rem 0 0; }
.abstract { font-size: .925rem; }
.n { color: var(--accent); }
.passages { padding-left: 1.2rem; font-size: .925rem; }
mark { background: var(--mark); color: inherit; border-radius: 2px; }
.abstained { background: var(--calm); border-radius: 10px; padding: .9rem 1.1rem; }
.abstained ul { margin: 0; padding-left: 1.2rem; }
footer { border-top: 1px solid var(--line); padding-top: 1rem; }
@media print {
  :root {
    --ink: #000; --dim: #444; --paper: #fff; --card: #fff; --line: #bbb; --accent: #000;
    --mark: #fff; --calm: #fff;
  }
  body { padding: 0; font-size: 10.5pt; }
  mark { text-decoration: underline; }
  h2, h3, h4, .says { break-after: avoid; }
  blockquote, .source, .abstained { break-inside: avoid; }
  .source a::after { content: " (" attr(href) ")"; font-weight: 400; font-size: .875em; }
}
"""
