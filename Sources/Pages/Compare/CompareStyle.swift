// The look of comparisons: tables whose first column stays, and drawings with the report's marks.

import Report

package enum CompareStyle {
    package static let text = #"""
        .compared, .choices { list-style: none; margin: 0 0 1rem; padding: 0; }
        .compared li, .choices li { padding: .3rem 0; overflow-wrap: anywhere; }
        .choices { max-height: 24rem; overflow-y: auto; }
        table.beside {
          border-collapse: separate; border-spacing: 0; min-width: 100%; overflow-wrap: normal;
          font-variant-numeric: tabular-nums;
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
        \#(ChartStyle.markup.text)
        @media (max-width: 860px) {
          .chart.wide { display: none; }
          .leading .narrow { display: block; max-width: 34rem; }
        }

        """#
}
