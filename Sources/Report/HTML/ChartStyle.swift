// The marks of drawings, of the report and of pages: grid, lines in eight colours and three
// strokes.

package enum ChartStyle {
    package static let markup: Markup = """
        .grid { stroke: var(--line); fill: none; }
        .axis { stroke: var(--strong-line); fill: none; }
        .reference {
          stroke: var(--ink); stroke-width: 1.3; stroke-dasharray: 5 4; fill: none; opacity: .75;
        }
        .line { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
        .dash1 .line { stroke-dasharray: 7 4; }
        .dash2 .line { stroke-dasharray: 2 3; }
        .mark { fill: currentColor; stroke: var(--page); stroke-width: 1.5; }
        .touch { fill: transparent; }
        .error { stroke: currentColor; stroke-width: 1.3; fill: none; }
        .leader { stroke: var(--strong-line); stroke-width: 1; fill: none; }
        svg text.name { fill: currentColor; font-weight: 600; }
        .s0 { color: var(--s0); }
        .s1 { color: var(--s1); }
        .s2 { color: var(--s2); }
        .s3 { color: var(--s3); }
        .s4 { color: var(--s4); }
        .s5 { color: var(--s5); }
        .s6 { color: var(--s6); }
        .s7 { color: var(--s7); }
        """
}
