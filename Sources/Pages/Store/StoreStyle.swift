// The look of the store's page, beside that of tables (`CompareStyle`) and forms (`SubmitStyle`).

package enum StoreStyle {
    package static let text = #"""
        .share { display: block; margin: .3rem 0 0 auto; }
        .share .whole { fill: var(--line); }
        .share .part { fill: var(--accent); }
        .keep .field { max-width: 20rem; }

        """#
}
