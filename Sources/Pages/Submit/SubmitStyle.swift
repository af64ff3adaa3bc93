// The look of forms and of the editor.

package enum SubmitStyle {
    package static let text = #"""
        fieldset {
          border: 1px solid var(--line); border-radius: 6px; margin: 0 0 1.4rem; min-width: 0;
          padding: .6rem 1.1rem 1rem;
        }
        legend { font-weight: 600; padding: 0 .4rem; }
        .field { display: grid; gap: .15rem; margin: 0 0 .8rem; max-width: 44rem; }
        .field label, .editor label { font-weight: 500; }
        .field input, .field select { width: 100%; }
        .check { margin: .5rem 0 .2rem; }
        .check label { font-weight: 500; }
        .parameters { margin: .2rem 0 .8rem; padding-left: .8rem; }
        .parameters[open] { border-left: 2px solid var(--line); }
        .parameters[hidden] { display: none; }
        .maker > summary { font-size: 1.05rem; margin-bottom: .8rem; }
        .editor textarea, .lines {
          font-family: var(--mono); font-size: .9rem; line-height: 1.5; tab-size: 2;
        }
        .editor textarea { max-width: none; resize: vertical; white-space: pre; overflow-x: auto; }
        textarea[aria-invalid="true"] { border-color: var(--bad); }
        .fault {
          border-left: 3px solid var(--bad); background: var(--bad-wash); padding: .6rem .9rem;
          border-radius: 0 4px 4px 0; margin: 0 0 1rem; overflow-wrap: anywhere;
        }
        .fault p { margin: 0 0 .5rem; }
        .lines { margin: 0; overflow-x: auto; background: none; padding: 0; }
        .lines .number { color: var(--soft); user-select: none; }
        .lines mark { background: none; color: inherit; text-decoration: wavy underline; }
        .lines .below { color: var(--bad); display: inline; font-size: inherit; }
        .plan { padding-top: .6rem; }
        dl.facts { display: flex; flex-wrap: wrap; gap: .3rem 2.2rem; margin: 0 0 1rem; }
        dl.facts > div, dl.facts > div:first-child { display: block; padding: 0; border: 0; }
        .facts dt { color: var(--soft); font-size: .86rem; }
        .facts dd { margin: 0; font-weight: 600; }

        """#
}
