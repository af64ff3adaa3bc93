// How to load a folded model, with lines to paste.

extension ReportPage {
    func loading() -> Markup {
        guard let favourite = table.favourite?.result else { return "" }
        let path = favourite.path.shortened(to: 300)
        let folders = table.rows.map { row -> Markup in
            """
            <li><a href="\(Self.link(row.result.path))">\
            <code>\(Markup.name(row.result.path, countMax: 120))</code></a> \
            <span class="faint">\(Markup.name(row.result.name, countMax: 40)), \
            \(row.result.layers) layers, \(NumberText.bytes(row.result.bytes))</span>\
            \(exports(row.result.exports))</li>

            """
        }
        let original: Markup =
            report.exports == nil ? "" : "<p>The original\(exports(report.exports))</p>\n"
        let blocks: [(String, String)] = [
            ("Python transformers", LoadingText.transformers(path)),
            ("vLLM", LoadingText.vllm(path)),
            (
                "llama.cpp",
                favourite.exports?.first.map { LoadingText.llamaCpp(file: $0.path) }
                    ?? LoadingText.llamaCpp(path)
            ),
        ]
        let examples = blocks.map { title, text -> Markup in
            """
            <h3>\(title)</h3>
            \(Self.scrolling("<pre><code>\(text)</code></pre>", label: "\(title) commands"))

            """
        }
        let isRanked = table.rows.count > 1 && table.leading != nil
        return """
            <p>Each model is a folder\(isComparison ? "" : " beside this page"), of the same \
            architecture as the original:</p>
            <ul class="folders">
            \(folders)</ul>
            \(original)\
            <p>These lines load \(Markup.name(favourite.name, countMax: 40)), \
            \(favourite.layers) layers\(isRanked ? ", the best of them" : ""):</p>
            \(examples)<p class="faint">llama.cpp converts only tokenizers that it knows by name; \
            one trained for a single model may be refused.</p>
            """
    }

    /// Files for other programs, each with its size.
    private func exports(_ exports: [RunReport.Export]?) -> Markup {
        let links = (exports ?? []).map { export -> Markup in
            """
            , <a href="\(Self.link(export.path, isFolder: false))" \
            title="SHA-256 \(export.sha256)">\(export.format.uppercased()) \(export.type)</a> \
            <span class="faint">\(NumberText.bytes(export.bytes))</span>
            """
        }
        return "\(links)"
    }

    /// A relative link to a folder or file beside the page: nothing in it is read as a scheme or a
    /// query.
    private static func link(_ path: String, isFolder: Bool = true) -> String {
        let plain = path.utf8.map { byte -> String in
            let isPlain =
                byte < 0x80
                && (Character(UnicodeScalar(byte)).isLetter
                    || Character(UnicodeScalar(byte)).isNumber || "._-/".utf8.contains(byte))
            return isPlain
                ? String(UnicodeScalar(byte))
                : (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
        }.joined()
        return "./\(plain)" + (isFolder ? "/" : "")
    }
}
