// How to load a folded model, with lines to paste.

extension ReportPage {
    func loading() -> Markup {
        guard let first = table.rows.first?.result else { return "" }
        let path = first.path.shortened(to: 300)
        let folders = table.rows.map { row -> Markup in
            """
            <li><code>\(Markup.name(row.result.path, countMax: 120))</code> \
            <span class="faint">\(Markup.name(row.result.name, countMax: 40)), \
            \(row.result.layers) layers, \(NumberText.bytes(row.result.bytes))</span></li>

            """
        }
        let blocks: [(String, String)] = [
            ("Python transformers", LoadingText.transformers(path)),
            ("vLLM", LoadingText.vllm(path)),
            ("llama.cpp", LoadingText.llamaCpp(path)),
        ]
        let examples = blocks.map { title, text -> Markup in
            """
            <h3>\(title)</h3>
            \(Self.scrolling("<pre><code>\(text)</code></pre>", label: "\(title) commands"))

            """
        }
        return """
            <p>Each model is a folder beside this page, of the same architecture as the \
            original:</p>
            <ul class="folders">
            \(folders)</ul>
            \(examples)<p class="faint">llama.cpp converts only tokenizers that it knows by name; \
            one trained for a single model may be refused.</p>
            """
    }
}
