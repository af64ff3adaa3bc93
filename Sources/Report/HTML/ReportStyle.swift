// The page's look: calm, system fonts, light and dark, from 400 to 1600 pixels and on paper.
// Colours of text keep a contrast of 4.5 to 1, those of lines and marks 3 to 1.

enum ReportStyle {
    static let markup: Markup = #"""
        :root {
          color-scheme: light dark;
          --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
        \#(Palette.light)
        }
        @media screen and (prefers-color-scheme: dark) {
          :root {
        \#(Palette.dark)
          }
        }
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
        body {
          margin: 0 auto; max-width: 74rem; padding: 0 clamp(1rem, 4vw, 3rem) 3rem;
          background: var(--page); color: var(--ink);
          font: 1rem/1.6 var(--sans);
          font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
        }
        h1, h2, h3 { line-height: 1.25; font-weight: 650; text-wrap: balance; }
        h1 {
          font-size: clamp(1.6rem, 1.1rem + 2.2vw, 2.5rem); letter-spacing: -.015em;
          margin: .4rem 0 1.6rem; max-width: 24em;
        }
        h2 { font-size: 1.4rem; letter-spacing: -.01em; margin: 0 0 1rem; }
        h3 { font-size: 1.02rem; margin: 2rem 0 .6rem; }
        p { margin: 0 0 1rem; max-width: 68ch; }
        a {
          color: var(--accent); text-underline-offset: .18em; text-decoration-thickness: .07em;
        }
        :focus-visible {
          outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 3px;
        }
        code, pre {
          font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
          font-size: .88em;
        }
        .faint, .below { color: var(--soft); font-size: .86rem; }
        .below { display: block; font-weight: 400; line-height: 1.4; }
        .skip { position: absolute; left: -99rem; }
        .skip:focus {
          left: 1rem; top: .5rem; background: var(--card); padding: .4rem .8rem; z-index: 3;
        }

        header { padding-top: clamp(1.6rem, 5vw, 3.5rem); }
        .eyebrow { color: var(--soft); font-size: .9rem; margin: 0; max-width: none; }
        .eyebrow span::before { content: "\00b7"; margin: 0 .5em 0 .3em; }
        .lead { font-size: 1.12rem; }
        .answers th, .answers td {
          min-width: 13rem; vertical-align: top; text-align: left; font-weight: 400;
          white-space: pre-wrap;
        }
        .verdicts {
          list-style: none; margin: 0 0 1rem; padding: 0; border-top: 1px solid var(--line);
        }
        .verdicts li {
          display: grid;
          grid-template-columns: 9.5rem minmax(14rem, 1fr) 13.5rem minmax(17rem, 1fr);
          gap: .1rem 1.2rem;
          align-items: baseline; padding: .6rem 0; border-bottom: 1px solid var(--line);
        }
        .size { font-weight: 650; }
        .word {
          justify-self: start; padding: .08rem .6rem; border-radius: 1rem; font-size: .86rem;
          font-weight: 600; background: var(--wash); color: var(--soft);
        }
        .better .word, .unchanged .word { background: var(--good-wash); color: var(--good); }
        .slight .word, .clear .word { background: var(--fair-wash); color: var(--fair); }
        .heavy .word, .broken .word { background: var(--bad-wash); color: var(--bad); }
        .by { color: var(--soft); font-size: .9rem; }
        .notice {
          padding: .5rem .9rem; border-left: 3px solid var(--fair); background: var(--fair-wash);
          border-radius: 0 4px 4px 0;
        }
        nav ul {
          display: flex; flex-wrap: wrap; gap: .2rem 1.3rem; list-style: none; margin: 1.6rem 0 0;
          padding: .8rem 0; border-top: 1px solid var(--line);
          border-bottom: 1px solid var(--line); font-size: .92rem;
        }
        nav a { text-decoration: none; display: inline-block; padding: .15rem 0; }
        nav a:hover { text-decoration: underline; }

        section { padding-top: 3.2rem; scroll-margin-top: 0; }
        dl { margin: 0 0 1rem; }
        dl > div {
          display: grid; grid-template-columns: 9.5rem minmax(0, 1fr); gap: 0 1.2rem;
          padding: .5rem 0; border-bottom: 1px solid var(--line);
        }
        dl > div:first-child { border-top: 1px solid var(--line); }
        dt { color: var(--soft); }
        dd { margin: 0; max-width: 88ch; }
        .plain, .names, .folders, .weights { list-style: none; margin: 0; padding: 0; }
        dd .plain li { padding-left: 1.2em; text-indent: -1.2em; }
        .key { color: var(--soft); }
        .dot { color: var(--strong-line); }
        .pairs {
          display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr));
          gap: 0 3rem;
        }

        .scroll {
          overflow-x: auto; max-width: 100%; overscroll-behavior-x: contain;
          background:
            linear-gradient(90deg, var(--page) 40%, transparent) left / 2.5rem 100% no-repeat local,
            linear-gradient(270deg, var(--page) 40%, transparent) right / 2.5rem 100% no-repeat
              local,
            linear-gradient(90deg, var(--shade), transparent) left / .5rem 100% no-repeat scroll,
            linear-gradient(270deg, var(--shade), transparent) right / .5rem 100% no-repeat scroll;
        }
        table {
          border-collapse: separate; border-spacing: 0; min-width: 100%; font-size: .94rem;
          overflow-wrap: normal;
        }
        caption {
          position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
          white-space: nowrap;
        }
        th, td { padding: .5rem 1.1rem .5rem 0; text-align: left; vertical-align: top; }
        th:last-child, td:last-child { padding-right: .3rem; }
        thead th {
          color: var(--soft); font-weight: 500; font-size: .86rem;
          border-bottom: 1px solid var(--strong-line); white-space: nowrap;
          vertical-align: bottom;
        }
        tbody th {
          font-weight: 500; min-width: 7.5rem; max-width: min(20rem, 45vw);
          overflow-wrap: anywhere;
        }
        tbody th, thead :first-child { position: sticky; left: 0; background: var(--page); }
        td code { padding-left: 1rem; }
        tbody tr > * { border-bottom: 1px solid var(--line); }
        .num { text-align: right; white-space: nowrap; }
        .fixed tr > * { border-bottom-color: var(--strong-line); }
        .results tr:has(+ .first) > * { border-bottom-color: var(--strong-line); }
        .results.sorted tbody:not(.fixed) tr > * { border-bottom-color: var(--line); }
        th button { all: unset; cursor: pointer; }
        th button:not(:has(.below))::after, th button .below::before {
          content: " \2195"; color: var(--strong-line);
        }
        th button .below::before { float: right; margin-left: .4em; }
        th[aria-sort] button { color: var(--ink); }
        th[aria-sort="ascending"] button:not(:has(.below))::after,
        th[aria-sort="ascending"] .below::before {
          content: " \2191"; color: var(--ink);
        }
        th[aria-sort="descending"] button:not(:has(.below))::after,
        th[aria-sort="descending"] .below::before {
          content: " \2193"; color: var(--ink);
        }
        th button:hover { color: var(--ink); }
        th button:focus-visible {
          outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 3px;
        }
        .matrix { font-size: .78rem; min-width: 0; }
        .matrix th, .matrix td, .matrix tr > * {
          padding: .15rem .45rem; text-align: right; min-width: 0; border: 0;
        }
        .hit, .miss { font-size: .86rem; }
        .hit { color: var(--good); font-weight: 600; }
        .miss { color: var(--soft); }

        figure { margin: 0; min-width: 0; }
        figcaption { margin: 0 0 .7rem; font-size: .92rem; max-width: 68ch; }
        figcaption strong { font-weight: 600; }
        .leading { margin-top: 2.2rem; }
        .charts {
          display: grid; grid-template-columns: repeat(auto-fill, minmax(min(21rem, 100%), 1fr));
          gap: 2rem 2.5rem; margin-top: 2.2rem;
        }
        .charts figure { display: flex; flex-direction: column; }
        .chart { display: block; width: 100%; height: auto; }

        .leading .narrow { display: none; }
        .names {
          display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin-top: .6rem; font-size: .88rem;
        }
        .names svg { vertical-align: -.18em; margin-right: .35em; }
        .leading .names { display: none; }
        .maps, .plans { display: grid; gap: 2.2rem 1.3rem; }
        .maps {
          grid-template-columns: repeat(auto-fill, minmax(min(var(--map, 21rem), 100%), 1fr));
        }
        .plans { grid-template-columns: repeat(auto-fill, minmax(min(21.8rem, 100%), 1fr)); }
        .plans.deep { grid-template-columns: minmax(0, 1fr); }
        .scale {
          display: flex; flex-wrap: wrap; align-items: center; gap: 0 1rem; margin-bottom: 1rem;
        }
        .scale p { margin: 0; }
        svg text {
          font: 12px var(--sans);
          fill: var(--ink); font-variant-numeric: tabular-nums; unicode-bidi: isolate;
        }
        svg .tick, svg.heat .tick text { fill: var(--soft); }
        svg.heat .tick text { font-size: 10.5px; }
        svg .faint { font-size: 11px; }
        .heat, .fold, .legend { display: block; }
        .self { fill: var(--self); }
        .none { fill: var(--none); }
        .cells path:hover { stroke: #fff; stroke-width: .16; }
        \#(ChartStyle.markup)
        svg.fold text { font-size: 10.5px; }
        svg.fold .tick text { font-size: 12px; }
        .from rect, .kept rect { fill: var(--wash); stroke: var(--strong-line); }
        .out rect { fill: none; stroke: var(--strong-line); stroke-dasharray: 3 2.5; }
        .out text { fill: var(--soft); }
        .taken rect { fill: none; stroke: var(--accent); }
        .taken text { fill: var(--accent); }
        .merged rect { fill: var(--accent); stroke: var(--accent); }
        .merged text { fill: var(--page); font-weight: 600; }
        .small text, .out.small text { fill: var(--soft); font-weight: 400; }
        .ribbons .keep { fill: var(--keep); opacity: .55; }
        .ribbons .merge { fill: var(--accent); opacity: .6; }
        .ribbons .take { fill: var(--accent); opacity: .3; }
        .ribbons path:hover { opacity: 1; }

        details { margin-top: .6rem; }
        .more { margin-top: 1.6rem; }
        .more > div { margin-top: 1.2rem; }
        summary { cursor: pointer; color: var(--accent); font-size: .88rem; width: fit-content; }
        .weights { font-size: .88rem; padding: .3rem 0 0 1.1rem; }
        .warnings { margin: 0; padding-left: 1.2rem; max-width: 72ch; }
        .warnings li { margin-bottom: .5rem; }
        .scroll + .legend { margin-top: .5rem; }
        #warnings .more { margin-top: .8rem; }
        #warnings .more > ul { margin-top: .6rem; }
        .folders { margin-bottom: 1rem; }
        pre {
          margin: 0; padding: .9rem 1.1rem; background: var(--wash); border-radius: 6px;
          line-height: 1.55; width: max-content; min-width: 100%;
        }
        .copied { position: relative; }
        .copied button {
          position: absolute; right: .4rem; top: .4rem; padding: .15rem .6rem; cursor: pointer;
          font: inherit; font-size: .82rem; color: var(--accent); background: var(--card);
          border: 1px solid var(--line); border-radius: 4px;
        }
        .tip {
          position: fixed; z-index: 4; pointer-events: none; max-width: 20rem;
          padding: .3rem .65rem; border-radius: 5px; background: var(--ink); color: var(--page);
          font-size: .88rem; line-height: 1.4; box-shadow: 0 2px 10px rgb(0 0 0 / .25);
        }
        footer {
          margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--line);
          color: var(--soft); font-size: .86rem;
        }

        @media (max-width: 1120px) {
          .verdicts li { grid-template-columns: minmax(0, 1fr) auto; }
          .verdicts .figure { grid-row: 2; grid-column: 1 / -1; }
          .verdicts .by { grid-column: 1 / -1; }
        }
        @media (max-width: 860px) {
          .chart.wide { display: none; }
          .leading .narrow { display: block; max-width: 34rem; }
          .leading .names { display: flex; }
        }
        @media (max-width: 560px) {
          table { font-size: .88rem; }
          tbody th { min-width: 6.2rem; }
          th, td { padding-right: .75rem; }
          th button:not(:has(.below))::after, th button .below::before { display: none; }
          dl > div { grid-template-columns: minmax(0, 1fr); }
          dt { font-size: .86rem; }
          section { padding-top: 2.6rem; }
        }
        @media print {
          :root {
            --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc;
            --strong-line: #888; --accent: #0b5fa5; --wash: #f3f3f3;
          }
          body { max-width: none; padding: 0; font-size: 10pt; }
          @page { margin: 12mm; }
          nav, .skip, .tip, .copied button { display: none; }
          section, figure, tr, pre { break-inside: avoid; }
          h2, h3, .scale { break-after: avoid; }
          section:has(.maps), section:has(.charts), section:has(table) { break-inside: auto; }
          /* What scrolls on a screen is cut on paper: tables shrink and wrap, drawings shrink. */
          .scroll { overflow: visible; background: none; }
          table { font-size: 7.5pt; min-width: 0; width: 100%; }
          th, td, .num, thead th { white-space: normal; padding: .25rem .5rem .25rem 0; }
          thead th { font-size: 7pt; }
          tbody th { min-width: 5em; max-width: none; }
          tbody th, thead :first-child { position: static; }
          /* More columns than paper has room for: a block for each model. */
          .wide, .wide tbody { display: block; }
          .wide thead { display: none; }
          .wide tr { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); }
          .wide tr > th {
            grid-column: 1 / -1; border-bottom: 0; padding-bottom: 0; font-weight: 650;
          }
          .wide td { text-align: left; }
          .wide td::before {
            content: attr(data-name); display: block; color: var(--soft); font-size: 6.5pt;
          }
          .below { font-size: 6.5pt; }
          .hit, .miss { font-size: inherit; }
          svg { max-width: 100%; height: auto; }
          pre { white-space: pre-wrap; width: auto; }
          th button::after, th button .below::before { display: none; }
          .maps details { display: none; }
          .more::details-content { content-visibility: visible; height: auto; }
        }
        """#
}
