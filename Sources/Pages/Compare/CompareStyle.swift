// The look of comparisons: tables whose first column stays, and drawings. Uses the frame's colours
// (`--page`, `--ink`, `--soft`, `--line`, `--strong-line`, `--accent`), and brings those of lines
// itself: 3 to 1 against the page in both schemes.

package enum CompareStyle {
    package static let text = #"""
        :root {
          --s0: #0b62a8; --s1: #c04a08; --s2: #0a7a58; --s3: #98468b; --s4: #946300;
          --s5: #1f7199; --s6: #666c74; --s7: #7a3b10;
        }
        @media screen and (prefers-color-scheme: dark) {
          :root {
            --s0: #6cb2f2; --s1: #f08a4b; --s2: #4cc79b; --s3: #dd93cf; --s4: #e0b13f;
            --s5: #a5d5f7; --s6: #a4aab2; --s7: #c99872;
          }
        }
        .compared, .choices { list-style: none; margin: 0 0 1rem; padding: 0; }
        .compared li, .choices li { padding: .3rem 0; overflow-wrap: anywhere; }
        .choices { max-height: 24rem; overflow-y: auto; }
        .scroll { overflow-x: auto; max-width: 100%; overscroll-behavior-x: contain; }
        table.beside {
          border-collapse: separate; border-spacing: 0; min-width: 100%; overflow-wrap: normal;
          font-variant-numeric: tabular-nums;
        }
        .beside caption {
          position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
          white-space: nowrap;
        }
        .beside th, .beside td {
          padding: .45rem 1rem .45rem 0; text-align: left; vertical-align: top;
          border-bottom: 1px solid var(--line);
        }
        .beside thead th {
          font-weight: 500; vertical-align: bottom; white-space: nowrap;
          border-bottom-color: var(--strong-line);
        }
        .beside tbody th, .beside thead th:first-child {
          position: sticky; left: 0; z-index: 1; background: var(--page);
        }
        .beside tbody th {
          font-weight: 500; min-width: 8rem; max-width: min(20rem, 45vw); overflow-wrap: anywhere;
        }
        .beside td { min-width: 3.5rem; max-width: 24rem; overflow-wrap: break-word; }
        .beside .num { text-align: right; white-space: nowrap; }
        .beside .below, .faint { color: var(--soft); font-size: .86rem; }
        .beside .below { display: block; font-weight: 400; }
        .beside .original > * { border-bottom-color: var(--strong-line); }
        .beside th[aria-sort="ascending"] a::after { content: " \2191"; }
        .beside th[aria-sort="descending"] a::after { content: " \2193"; }
        .charts {
          display: grid; grid-template-columns: repeat(auto-fill, minmax(min(21rem, 100%), 1fr));
          gap: 2rem 2.5rem; margin-top: 2rem;
        }
        figure { margin: 0; min-width: 0; }
        figure.leading { margin-top: 2rem; }
        figcaption { margin: 0 0 .6rem; font-size: .92rem; max-width: 68ch; }
        .chart { display: block; width: 100%; height: auto; overflow: visible; }
        .leading .narrow { display: none; }
        .names {
          display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; margin: .6rem 0 0;
          padding: 0; font-size: .88rem;
        }
        .names svg { vertical-align: -.18em; margin-right: .35em; }
        svg text { font-size: 12px; fill: var(--ink); unicode-bidi: isolate; }
        svg .tick { fill: var(--soft); }
        .grid { stroke: var(--line); fill: none; }
        .axis { stroke: var(--strong-line); fill: none; }
        .line { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
        .dash1 .line { stroke-dasharray: 7 4; }
        .dash2 .line { stroke-dasharray: 2 3; }
        .mark { fill: currentColor; stroke: var(--page); stroke-width: 1.5; }
        .touch { fill: transparent; }
        .s0 { color: var(--s0); }
        .s1 { color: var(--s1); }
        .s2 { color: var(--s2); }
        .s3 { color: var(--s3); }
        .s4 { color: var(--s4); }
        .s5 { color: var(--s5); }
        .s6 { color: var(--s6); }
        .s7 { color: var(--s7); }
        @media (max-width: 860px) {
          .chart.wide { display: none; }
          .leading .narrow { display: block; max-width: 34rem; }
        }

        """#
}
