// The look of all pages: that of the report (its palette), calm, light and dark, down to 400
// pixels. Tables whose class is `rows` become a block for each row where they are too wide. No page
// has a style of its own: the content policy allows this sheet only.

package import Report

package enum PageStyle {
    package static let markup: Markup = #"""
        :root {
          color-scheme: light dark;
          --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
          --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
        \#(Palette.light)
        }
        @media (prefers-color-scheme: dark) {
          :root {
        \#(Palette.dark)
          }
        }
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
        body {
          margin: 0 auto; max-width: 80rem; padding: 0 clamp(1rem, 4vw, 3rem) 3rem;
          background: var(--page); color: var(--ink); font: 1rem/1.55 var(--sans);
          font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
        }
        h1, h2, h3, h4 { line-height: 1.25; font-weight: 650; text-wrap: balance; }
        h1 { font-size: clamp(1.5rem, 1.2rem + 1.4vw, 2.1rem); margin: 1.2rem 0 1rem; }
        h2 { font-size: 1.25rem; margin: 0 0 .7rem; }
        h3 { font-size: 1.05rem; margin: 1.6rem 0 .5rem; }
        h4 { font-size: .92rem; margin: 1rem 0 .3rem; }
        main:focus { outline: none; }
        section { padding-top: 2rem; }
        p { margin: 0 0 .8rem; max-width: 72ch; }
        a {
          color: var(--accent); text-underline-offset: .18em; text-decoration-thickness: .07em;
        }
        :focus-visible {
          outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px;
        }
        code, pre { font-family: var(--mono); font-size: .88em; }
        ul { padding-left: 1.2rem; }
        .plain { list-style: none; margin: 0; padding: 0; }
        .faint, .below { color: var(--soft); font-size: .86rem; }
        .below { display: block; font-weight: 400; line-height: 1.4; }
        .id { font-family: var(--mono); font-size: .78rem; }
        .num { text-align: right; white-space: nowrap; }
        .unseen, caption {
          position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
          white-space: nowrap;
        }
        .skip { position: absolute; left: -99rem; }
        .skip:focus {
          left: 1rem; top: .5rem; background: var(--card); padding: .4rem .8rem; z-index: 3;
        }

        header {
          display: flex; flex-wrap: wrap; align-items: center; gap: .3rem 1.4rem;
          padding: .8rem 0; border-bottom: 1px solid var(--line);
        }
        nav ul {
          display: flex; flex-wrap: wrap; gap: .2rem 1.3rem; list-style: none; margin: 0;
          padding: 0;
        }
        nav a { text-decoration: none; display: inline-block; padding: .3rem 0; }
        nav a:hover { text-decoration: underline; }
        nav a[aria-current] {
          color: var(--ink); font-weight: 650; box-shadow: 0 2px 0 var(--accent);
        }
        .visitor { margin: 0 0 0 auto; color: var(--soft); font-size: .9rem; }
        .pages { display: flex; gap: 1.4rem; padding: 1rem 0; }

        button, .button, input, select, textarea {
          font: inherit; color: var(--ink); background: var(--card);
          border: 1px solid var(--soft); border-radius: 5px; padding: .35rem .7rem;
        }
        button, .button { cursor: pointer; display: inline-block; text-decoration: none; }
        button:hover, .button:hover { background: var(--wash); border-color: var(--ink); }
        .danger { color: var(--bad); border-color: var(--bad); }
        .danger:hover { background: var(--bad-wash); border-color: var(--bad); }
        button.plain { border-color: transparent; color: var(--accent); background: none; }
        input, select, textarea { max-width: 100%; }
        input[type="checkbox"] { width: 1.15rem; height: 1.15rem; accent-color: var(--accent); }
        input[type="number"] { width: 6rem; }
        textarea { width: 100%; max-width: 72ch; resize: vertical; }
        label { font-size: .9rem; color: var(--soft); }
        form p { margin: 0 0 .5rem; }
        section form { margin-bottom: .8rem; }
        .filter { display: flex; flex-wrap: wrap; gap: .4rem .9rem; align-items: end; }
        .filter p { display: flex; flex-direction: column; }
        .filter input { width: 11rem; }
        .filter input, .filter select, .filter button { height: 2.4rem; }
        .compare button { margin-top: .6rem; }
        .actions {
          display: flex; flex-wrap: wrap; gap: .6rem; list-style: none; margin: 1rem 0 0;
          padding: 0;
        }

        .notice, .problem, .new {
          padding: .6rem .9rem; margin: 0 0 1rem; border-left: 3px solid var(--fair);
          background: var(--fair-wash); border-radius: 0 4px 4px 0; max-width: none;
        }
        .notice.bad, .problem { border-color: var(--bad); background: var(--bad-wash); }
        .notice.good, .new { border-color: var(--good); background: var(--good-wash); }
        .notice h2 { font-size: 1.05rem; }
        .notice ul { margin: 0; }
        .notice pre { background: none; padding: 0; white-space: pre-wrap; margin: 0 0 .6rem; }
        .state {
          display: inline-block; padding: .05rem .6rem; border-radius: 1rem; font-size: .86rem;
          font-weight: 600; background: var(--wash); color: var(--soft); white-space: nowrap;
        }
        .state.good { background: var(--good-wash); color: var(--good); }
        .state.fair { background: var(--fair-wash); color: var(--fair); }
        .state.bad { background: var(--bad-wash); color: var(--bad); }
        .state.now { background: var(--wash); color: var(--accent); }
        .doing { display: inline-flex; flex-wrap: wrap; gap: .1rem .6rem; align-items: center; }
        progress {
          appearance: none; width: 8rem; height: .6rem; border: 0; border-radius: .3rem;
          background: var(--wash); color: var(--accent);
          outline: 1px solid var(--soft); overflow: hidden;
        }
        progress::-webkit-progress-bar { background: var(--wash); }
        progress::-webkit-progress-value { background: var(--accent); }
        progress::-moz-progress-bar { background: var(--accent); }

        table {
          border-collapse: separate; border-spacing: 0; width: 100%; font-size: .94rem;
        }
        th, td { padding: .5rem 1rem .5rem 0; text-align: left; vertical-align: top; }
        thead th {
          color: var(--soft); font-weight: 500; font-size: .86rem; white-space: nowrap;
          border-bottom: 1px solid var(--strong-line); vertical-align: bottom;
        }
        tbody th { font-weight: 500; }
        tbody tr > * { border-bottom: 1px solid var(--line); }
        th.num, td.num { text-align: right; }
        .sum > * { font-weight: 650; }
        .rows time, .rows .id { white-space: nowrap; }
        .scroll {
          overflow-x: auto; max-width: 100%; overscroll-behavior-x: contain;
          /* Or what is there for ears alone widens the page. */
          position: relative;
        }
        .scroll table { overflow-wrap: normal; }
        .models tbody th { min-width: 8rem; overflow-wrap: anywhere; }

        dl { margin: 0 0 1rem; }
        dl > div {
          display: grid; grid-template-columns: 9.5rem minmax(0, 1fr); gap: 0 1.2rem;
          padding: .4rem 0; border-bottom: 1px solid var(--line);
        }
        dl > div:first-child { border-top: 1px solid var(--line); }
        dt { color: var(--soft); }
        dd { margin: 0; }
        details { margin: .5rem 0; }
        summary { cursor: pointer; color: var(--accent); width: fit-content; }
        pre {
          margin: 0; padding: .8rem 1rem; background: var(--wash); border-radius: 6px;
          line-height: 1.5; overflow: auto; max-height: 32rem;
        }
        .log { max-height: 26rem; margin-bottom: .6rem; white-space: pre-wrap; }
        .log .error { background: var(--bad-wash); color: var(--bad); font-weight: 600; }
        .log .error::before { content: "! "; }
        .note { white-space: pre-wrap; }
        .copied { position: relative; }
        .copied button {
          position: absolute; right: .4rem; top: .4rem; padding: .1rem .6rem; font-size: .84rem;
          color: var(--accent);
        }
        iframe {
          width: 100%; height: 80vh; border: 1px solid var(--line); border-radius: 6px;
          background: var(--page);
        }

        /* Names and times do not break: below this width they do not stand side by side. */
        @media (max-width: 960px) {
          .rows, .rows tbody, .rows tr, .rows th, .rows td { display: block; }
          .rows thead { display: none; }
          .rows tr { padding: .7rem 0; border-bottom: 1px solid var(--strong-line); }
          .rows tr > * { border: 0; padding: .1rem 0; }
          .rows td:empty { display: none; }
          .rows td::before {
            content: attr(data-name); display: inline-block; min-width: 7.5rem;
            padding-right: .6rem; color: var(--soft); font-size: .86rem;
          }
          .rows td:not([data-name])::before { content: none; }
          .rows td.num { text-align: left; white-space: normal; }
          .rows .choice { float: right; }
        }
        @media (max-width: 700px) {
          .visitor { margin-left: 0; }
          dl > div { grid-template-columns: minmax(0, 1fr); }
          .filter p { width: calc(50% - .45rem); }
          .filter input, .filter select { width: 100%; }
          input, select, textarea, button, .button { min-height: 2.6rem; }
          input[type="checkbox"] { min-height: 0; width: 1.5rem; height: 1.5rem; }
        }
        @media (prefers-reduced-motion: no-preference) {
          button, .button { transition: background .1s; }
        }

        """#
}
