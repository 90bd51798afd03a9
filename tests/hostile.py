"""Texts that would run, load or break out of something where they are not shown as texts.

Each sets `window.hit`, or loads something, should a page let it. `texts` puts them where papers
have texts.
"""

from __future__ import annotations

from rag.records import Paper

_RUN = "window.hit=1"
HOSTILE: tuple[str, ...] = (
    f"<script>{_RUN}</script>",
    f"<ScRiPt >{_RUN}</sCrIpT >",
    f"</title></head><body><script>{_RUN}</script>",
    f"</textarea></style></noscript><script>{_RUN}</script>",
    f"<img src=x onerror={_RUN}>",
    f"<img/src/onerror={_RUN}>",
    f"<IMG SRC=`x` ONERROR='{_RUN}'>",
    f"<svg/onload={_RUN}>",
    f"<svg><animate onbegin={_RUN} attributeName=x dur=1s>",
    f"<svg><script>{_RUN}</script></svg>",
    f"<math><mtext></mtext><img src onerror={_RUN}></math>",
    f"<iframe srcdoc='<script>parent.{_RUN}</script>'></iframe>",
    f"<iframe src=javascript:parent.{_RUN}></iframe>",
    f"<object data=javascript:{_RUN}></object><embed src=javascript:{_RUN}>",
    f"<body onload={_RUN}><input autofocus onfocus={_RUN}>",
    f"<details open ontoggle={_RUN}><summary>x</summary></details>",
    f"<video><source onerror={_RUN}></video><audio src=x onerror={_RUN}></audio>",
    f"<a href=javascript:{_RUN}>here</a>",
    f"<a href='java\tscript:{_RUN}'>here</a>",
    f"<form action=javascript:{_RUN}><button>send</button></form>",
    "<base href='https://192.0.2.1/'><link rel=stylesheet href=//192.0.2.1/x.css>",
    f"<meta http-equiv=refresh content='0;url=javascript:{_RUN}'>",
    "<style>@import '//192.0.2.1/x.css'; * {background: url(//192.0.2.1/y)}</style>",
    f'" onmouseover="{_RUN}" x="',
    f"' autofocus onfocus='{_RUN}' x='",
    f"`${{{_RUN}}}` ${{{_RUN}}} #{{{_RUN}}} <%= {_RUN} %> {{{{ {_RUN} }}}} {{% raw %}}",
    "{{constructor.constructor('window.hit=1')()}} {{#with this}}{{lookup . 'x'}}{{/with}}",
    f"[here](javascript:{_RUN}) ![x](//192.0.2.1/z.png) [x]: javascript:{_RUN}",
    f"**bold** _slanted_ `code` # no heading\n\n> no quote\n\n<!-- {_RUN} -->",
    f"$\\href{{javascript:{_RUN}}}{{x}}$ $$\\url{{javascript:{_RUN}}}$$",
    f"\\(\\htmlData{{x={_RUN}}}{{y}}\\) \\[\\includegraphics{{//192.0.2.1/t.png}}\\]",
    "$\\def\\a{\\a\\a}\\a$ \\begin{equation}x\\end{equation} \\input{/etc/passwd}",
    f"&lt;script&gt;{_RUN}&lt;/script&gt; &#60;img src=x onerror={_RUN}&#62;",
    f"\\u003cscript\\u003e{_RUN}\\u003c/script\\u003e %3Cscript%3E{_RUN}%3C/script%3E",
    f"＜script＞{_RUN}＜/script＞ ‹img onerror={_RUN}›",
    f"<!--[if IE]><script>{_RUN}</script><![endif]--><![CDATA[<script>{_RUN}</script>]]>",
    f"<plaintext><xmp><listing><noembed><template><slot onslotchange={_RUN}>",
    f"<div data-do=delete data-id=1 class=cite data-to=x style=position:fixed onclick={_RUN}>x",
    "<mark data-claims='1'>not ours</mark><button data-do=again data-n=1>x</button>",
    f"</span></p></div></section></article></li></ul></table><script>{_RUN}</script>",
)  # fmt: skip


def texts() -> list[Paper]:
    """A paper for each, with the text as title, author and link and within the abstract."""
    return [
        Paper(
            "", f"{bait} of plot {n}",
            f"Plot {n} gave {n + 100} baskets of quinces {bait} in its first year. It was sown "
            "with clover before.",
            (bait,), 2020, f"javascript:{_RUN}//{bait}", source=bait, venue=bait,
        )
        for n, bait in enumerate(HOSTILE)
    ]  # fmt: skip
