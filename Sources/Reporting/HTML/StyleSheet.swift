/// The one style sheet of a report: wide and narrow screens, dark ones, and paper.
enum StyleSheet {
  static let text = """
    :root{--ink:#17212b;--muted:#56636f;--page:#f3f5f7;--card:#fff;--line:#d4dbe1;--good:#12703f;--good-soft:#e2f3e8;--bad:#b02318;
    --bad-soft:#fce9e7;--doubt:#7a5000;--doubt-soft:#fdf1d3;--link:#1d5aa6;--grid:#e3e8ec}
    *{box-sizing:border-box}
    body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
    overflow-wrap:anywhere}
    .masthead,main{max-width:76rem;margin:0 auto;padding:1rem 1.25rem}
    .masthead{margin-top:1rem;background:var(--card);border:1px solid var(--line);border-left:.5rem solid var(--muted);border-radius:.5rem}
    .masthead.good{border-left-color:var(--good)}.masthead.bad{border-left-color:var(--bad)}.masthead.doubtful{border-left-color:var(--doubt)}
    .masthead p{margin:.25rem 0;color:var(--muted)}
    .kicker{font-size:.8rem;letter-spacing:.06em;text-transform:uppercase}
    h1{font-size:1.75rem;line-height:1.2;margin:.25rem 0 .5rem}
    .good .sign{color:var(--good)}.bad .sign{color:var(--bad)}.doubtful .sign{color:var(--doubt)}
    main{padding-left:0;padding-right:0}
    section{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:1rem 1.25rem;margin:0 0 1rem}
    h2{font-size:1.25rem;line-height:1.3;margin:0 0 .5rem;display:flex;flex-wrap:wrap;align-items:center;gap:.25rem .75rem}
    h3{font-size:1rem;margin:1rem 0 .25rem;display:flex;flex-wrap:wrap;align-items:center;gap:.25rem .5rem}
    h3 small,.muted,figcaption{color:var(--muted)}
    .lead{margin:.25rem 0 .75rem}
    a{color:var(--link)}
    .tiles{list-style:none;display:grid;grid-template-columns:repeat(7,1fr);gap:.5rem;margin:0 0 1rem;padding:0}
    .tiles li{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.5rem .75rem;line-height:1.25}
    .tiles strong{display:block;font-size:1.6rem;font-variant-numeric:tabular-nums}
    .tiles span{font-size:.85rem;color:var(--muted)}
    .tiles .bad strong{color:var(--bad)}.tiles .doubtful strong{color:var(--doubt)}.tiles .good strong{color:var(--good)}
    .badge{display:inline-block;font-size:.8rem;font-weight:600;line-height:1.3;padding:.1rem .5rem;border-radius:1rem;border:1px solid currentColor;
    color:var(--muted);white-space:nowrap}
    .badge.good{color:var(--good);background:var(--good-soft)}.badge.bad{color:var(--bad);background:var(--bad-soft)}
    .badge.doubtful{color:var(--doubt);background:var(--doubt-soft)}
    table{width:100%;border-collapse:collapse;font-size:.92rem}
    th,td{text-align:left;vertical-align:top;padding:.35rem .5rem;border-top:1px solid var(--line)}
    thead th{border-top:0;font-size:.8rem;color:var(--muted);font-weight:600;vertical-align:bottom}
    .glance th,.glance td{overflow-wrap:break-word}.glance tbody th{overflow-wrap:anywhere;min-width:8rem}.glance .number{white-space:nowrap}
    .number{text-align:right;font-variant-numeric:tabular-nums}
    .over{color:var(--bad);font-weight:600}
    .pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:0 2rem}
    .objective h3{margin-top:.25rem}
    figure{margin:.25rem 0}
    figcaption{font-size:.8rem}
    .plot{display:block;width:100%;height:auto}
    .plot text{font-size:12px;fill:var(--muted)}
    .plot .limit-text{fill:var(--ink);font-weight:600;paint-order:stroke;stroke:var(--card);stroke-width:4px}
    .grid{stroke:var(--grid)}.axis{stroke:var(--muted)}.limit{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:6 4}
    .plot .met{fill:var(--good);stroke:var(--card)}.plot .missed{fill:var(--bad);stroke:var(--card)}
    .plot .lost{stroke:var(--bad);stroke-width:2.5;fill:none}.plot .uncounted{fill:var(--card);stroke:var(--muted);stroke-width:1.5}
    .range{stroke:var(--good);stroke-width:3}
    .key{font-weight:700;color:var(--muted)}.key.met{color:var(--good)}.key.missed{color:var(--bad)}
    dl{margin:.5rem 0}
    .objective dl div{display:flex;justify-content:space-between;gap:1rem;border-top:1px solid var(--line);padding:.2rem 0;font-size:.92rem}
    dt{color:var(--muted)}
    dd{margin:0;text-align:right;font-variant-numeric:tabular-nums}
    .conclusion{margin:.25rem 0 .75rem;font-weight:600}
    ul{margin:.25rem 0;padding-left:1.25rem}
    .columns{columns:16rem}
    .legend svg{vertical-align:-.1em}
    .legend{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem 1rem;padding:0;font-size:.8rem;color:var(--muted)}
    .detail td{border-top:0;padding-top:0}
    .detail p{margin:.15rem 0 0;font-size:.8rem}
    .reasons{font-size:.88rem}
    .bar{display:block;width:100%;height:.7rem;background:var(--grid)}
    .lanes-2{height:1.3rem}.lanes-3{height:1.9rem}.lanes-4{height:2.5rem}
    .phase-select{fill:#8793a0}.phase-fetch{fill:#2f6fd0}.phase-provision{fill:#8d62c9}.phase-restore{fill:#0d8a8c}.phase-recover{fill:#c67a00}
    .phase-ready{fill:#3d9a4c}.phase-verify{fill:#b3477b}.phase-cleanup{fill:#a9b3bc}
    .rta{fill:var(--ink)}
    .reading dt{font-weight:600;color:var(--ink);margin-top:.5rem}
    .reading dd{text-align:left;max-width:60rem}
    code{font:.85em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
    pre{background:var(--page);padding:.6rem .75rem;border-radius:.35rem;white-space:pre-wrap;margin:.5rem 0}
    @media (max-width:78rem){
    .masthead,main{margin-left:.75rem;margin-right:.75rem}
    }
    @media (max-width:64rem){
    .tiles{grid-template-columns:repeat(4,1fr)}
    }
    @media (max-width:46rem){
    h1{font-size:1.4rem}section{padding:.75rem}
    .tiles{grid-template-columns:repeat(2,1fr)}
    .stack,.stack tbody{display:block}
    .stack thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
    .stack tr{display:grid;grid-template-columns:1fr 1.3fr 1.3fr;gap:0 .5rem;border-top:2px solid var(--line);padding:.5rem 0}
    .stack th{grid-column:1/3}.stack td:nth-of-type(2){grid-column:1/-1}
    .stack th,.stack td{border:0;padding:.15rem 0;text-align:left}
    .stack th,.stack td:nth-of-type(1){align-self:center}
    .stack td::before{content:attr(data-label) " ";display:block;font-size:.75rem;color:var(--muted)}
    .stack td:nth-of-type(1)::before{display:none}
    .pair{grid-template-columns:1fr}
    .plot text{font-size:16px}
    }
    @media (prefers-color-scheme:dark){
    :root{--ink:#e7ecf0;--muted:#a2afba;--page:#12181d;--card:#1b232a;--line:#35414b;--good:#5fd08f;--good-soft:#143523;--bad:#ff8f85;
    --bad-soft:#451a17;--doubt:#f0be5a;--doubt-soft:#3b2c0b;--link:#8fbfff;--grid:#2b353e}
    }
    @media print{
    :root{--ink:#000;--muted:#444;--page:#fff;--card:#fff;--line:#bbb;--good:#0b5a30;--good-soft:#fff;--bad:#9a1b12;--bad-soft:#fff;--doubt:#6a4500;
    --doubt-soft:#fff;--link:#000;--grid:#ddd}
    @page{margin:14mm}
    body{font-size:10.5pt}
    .masthead,main{max-width:none;margin:0;padding-left:0;padding-right:0;border-radius:0}
    .masthead{border-width:0 0 0 .4rem;padding-left:.75rem;margin-bottom:.75rem}
    section{border:0;border-top:1px solid var(--line);border-radius:0;padding:.75rem 0}
    .tiles{grid-template-columns:repeat(7,1fr)}.tiles strong{font-size:1.2rem}
    a{text-decoration:none}
    h2,h3,.lead{break-after:avoid}.objective,figure,.runs tbody,.tiles li,.stack tr{break-inside:avoid}
    *{-webkit-print-color-adjust:exact;print-color-adjust:exact}
    }
    """
}
