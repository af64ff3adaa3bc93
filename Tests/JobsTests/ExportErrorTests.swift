// What a manifest may not say of exports.

extension BadManifest {
    private static func export(
        _ entries: String, at line: Int, _ column: Int, _ path: String, says: String...
    ) -> BadManifest {
        let text = "version: 1\nname: j\nmodel: m\ncompress:\n- {method: reverse, ratios: [0.5]}\n"
        return BadManifest(
            "export \(entries)", text + "export: \(entries)\n", at: line, column, path,
            saying: says)
    }

    static let exports = [
        export("[]", at: 6, 9, "export", says: "the list is empty", "{format: gguf, type: q8_0}"),
        export("gguf", at: 6, 9, "export", says: "wrong type", "a list of formats"),
        export("[gguf]", at: 6, 10, "export[0]", says: "wrong type", "`format` and `type`"),
        export(
            "[{type: q8_0}]", at: 6, 10, "export[0]", says: "`format` is missing",
            "add `format: gguf`"),
        export(
            "[{format: gguff, type: q8_0}]", at: 6, 19, "export[0].format",
            says: "unknown format", "did you mean `gguf`?"),
        export(
            "[{format: gguf}]", at: 6, 10, "export[0]", says: "`type` is missing", "add `type:`"),
        export(
            "[{format: gguf, type: q8}]", at: 6, 31, "export[0].type",
            says: "bf16 | f16 | q8_0 | q4_0", "found q8"),
        export(
            "[{format: gguf, type: f16, original: 1}]", at: 6, 46, "export[0].original",
            says: "true or false"),
        export(
            "[{format: gguf, types: f16}]", at: 6, 25, "export[0].types", says: "unknown key",
            "did you mean `type`?"),
        export(
            "[{format: gguf, type: f16}, {format: gguf, type: f16, original: true}]", at: 6, 37,
            "export[1]", says: "twice with type `f16`", "remove one of them"),
    ]
}
