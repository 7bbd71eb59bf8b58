"""The style sheet: one column of at most 70 em, two colour schemes, paper; no fonts to load."""

from alexnet.reporting.palette import DARK, DARK_STEPS, LIGHT, LIGHT_STEPS, variables

STEPS = "".join(
    f".s{n}{{fill:var(--step{n})}}.t{n}{{fill:var(--on-step{n})}}" for n in range(len(LIGHT_STEPS))
)

RULES = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text);
 font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
header,nav,main,footer{max-width:70em;margin:0 auto;padding:0 1.25rem}
header{padding-top:2.5rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .6rem}
h2{font-size:1.35rem;line-height:1.25;margin:3rem 0 .6rem;padding-top:.9rem;
 border-top:1px solid var(--grid)}
h3{font-size:1.05rem;margin:1.8rem 0 .5rem}
p,li,dd{max-width:46em}
p{margin:.5rem 0 .9rem}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.lead{font-size:1.15rem;margin:0 0 1.2rem}
.note{color:var(--muted)}
.skip{position:absolute;left:-100em}
.skip:focus{left:1rem;top:1rem;background:var(--page);padding:.5rem 1rem;z-index:1}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);
 white-space:nowrap}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;margin:0}
.tiles div{background:var(--panel);border-radius:.5rem;padding:.7rem .9rem}
.tiles dt{color:var(--muted);font-size:.85rem}
.tiles dd{margin:0;font-size:1.45rem;font-weight:600;line-height:1.3}
.tiles small{display:block;color:var(--muted);font-size:.8rem;font-weight:400}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;padding:0;margin:1.4rem 0 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem}
caption{text-align:left;color:var(--muted);padding:.2rem 0 .5rem}
th,td{text-align:left;vertical-align:top;padding:.32rem 1.1rem .32rem 0;
 border-bottom:1px solid var(--grid)}
thead th{border-bottom:2px solid var(--line);vertical-align:bottom}
th[scope=row]{font-weight:500}
.n{text-align:right;white-space:nowrap}
td,th[scope=row]{overflow-wrap:break-word}
td:not(.n){min-width:6.5em}
th code{white-space:nowrap}
td.n{min-width:0}
thead th.n{white-space:normal;min-width:5.2em}
.scroll{overflow-x:auto;max-width:100%}
.scroll svg{max-width:none}
details{margin:.6rem 0}
summary{cursor:pointer;color:var(--accent)}
figure{margin:1rem 0}
figcaption{color:var(--muted);font-size:.92rem;max-width:50em;margin-top:.4rem}
img{height:auto}
svg{display:block;max-width:100%;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,
 "DejaVu Sans",sans-serif;fill:var(--text)}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));
 gap:.5rem 2rem}
.pair figure{margin:.4rem 0}
.curves{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));
 gap:.5rem 1.5rem}
.curves figure{margin:0}
.curves svg{width:100%;max-width:32rem}
.frame{stroke:var(--line);fill:none}
.grid{stroke:var(--grid);fill:none}
.guide{stroke:var(--muted);stroke-dasharray:2 4;fill:none}
.axis{fill:var(--muted)}
.a,.b,.p{fill:none;stroke-width:2.2;stroke-linejoin:round}
.a{stroke:var(--accent)}
.b{stroke:var(--second);stroke-dasharray:7 4}
.p{stroke:var(--plain);stroke-width:3}
.am{fill:var(--accent)}
.bm{fill:var(--page);stroke:var(--second);stroke-width:2}
.al{fill:var(--accent);font-weight:600}
.bl{fill:var(--second);font-weight:600}
.ar{fill:var(--accent);opacity:.22}
.br{fill:var(--second);opacity:.22}
.cell{stroke:var(--page)}
.diagonal{stroke:var(--text);stroke-width:1.5;fill:none}
.pixels{display:block;width:100%;max-width:60rem;image-rendering:pixelated}
.mean{width:12rem;max-width:100%;border-radius:.3rem;display:block}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,14.5rem),1fr));
 gap:1.2rem;padding:0;margin:1rem 0;list-style:none}
.cards>li{background:var(--panel);border-radius:.5rem;padding:.8rem;break-inside:avoid;
 min-width:0}
.cards img{display:block;width:100%;aspect-ratio:1;border-radius:.3rem}
.truth{margin:.6rem 0 .1rem;font-weight:600;overflow-wrap:anywhere}
.verdict{margin:0 0 .5rem;font-size:.88rem}
.file{margin:.5rem 0 0;font-size:.78rem;color:var(--muted);overflow-wrap:anywhere}
.near{list-style:none;padding:0;margin:1rem 0}
.near>li{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,6fr);gap:1.1rem;max-width:none;
 background:var(--panel);border-radius:.5rem;padding:.8rem;margin:.8rem 0;break-inside:avoid}
.near ol{display:grid;grid-template-columns:repeat(6,minmax(0,1fr));gap:.7rem;list-style:none;
 padding:0 0 0 1.1rem;margin:0;border-left:1px solid var(--line)}
.near img{display:block;width:100%;aspect-ratio:1;border-radius:.3rem}
.near p{margin:.3rem 0 0;font-size:.82rem;line-height:1.3;overflow-wrap:anywhere}
.near .distance{margin:0;color:var(--muted);font-variant-numeric:tabular-nums}
.near .same img{outline:3px solid var(--text);outline-offset:1px}
.near>li>div .name,.near .same .name{font-weight:700}
.bars{list-style:none;margin:0;padding:0;font-size:.88rem}
.bars li{display:grid;grid-template-columns:1fr auto;column-gap:.5rem;margin:.28rem 0}
.bars .name{overflow-wrap:anywhere;min-width:0}
.bars svg{grid-column:1/-1;width:100%;height:.55rem}
.bars .right{font-weight:700}
.back{fill:var(--grid)}
.other{fill:var(--plain)}
.hit{fill:var(--accent)}
code{font-size:.92em;overflow-wrap:anywhere}
footer{color:var(--muted);padding-top:2.5rem;padding-bottom:3rem;font-size:.9rem}
@media screen and (max-width:56em){.near>li{grid-template-columns:minmax(0,1fr) minmax(0,3fr)}
 .near ol{grid-template-columns:repeat(3,minmax(0,1fr))}}
@media screen and (max-width:36em){.near>li{display:block}
 .near>li>div{width:42%;margin-bottom:.7rem}
 .near ol{padding:.9rem 0 0;border-left:0;border-top:1px solid var(--line)}}
@media(max-width:30em){header{padding-top:1.4rem}h1{font-size:1.5rem}
 header,nav,main,footer{padding-left:1rem;padding-right:1rem}
 .cards{grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.7rem}
 .cards>li{padding:.55rem}.bars{font-size:.8rem}th,td{padding-right:.7rem}}
@media print{body{font-size:10.5pt}nav,.skip{display:none}
 .tiles{grid-template-columns:repeat(5,1fr)}.curves{grid-template-columns:repeat(3,1fr)}
 .cards{grid-template-columns:repeat(4,1fr);gap:.6rem}.cards>li{padding:.5rem}h2,h3,figcaption{break-after:avoid}
 figure,tr{break-inside:avoid}header,main,footer{max-width:none;padding:0}
 .scroll{overflow:visible}.scroll svg{max-width:100%}}
"""


def style_sheet() -> str:
    """All of the page's CSS; the dark colours apply where the reader's system asks for them."""
    light, dark = variables(LIGHT, LIGHT_STEPS), variables(DARK, DARK_STEPS)
    return (
        f":root{{color-scheme:light dark;{light}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{STEPS}{RULES}"
    )
