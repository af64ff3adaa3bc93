// A job that folds nothing: it writes the original in fewer bits, or as one file.

extension ManifestParser {
    /// What stands in place of `compress`: entries that make something of the original, each of
    /// them, and no tasks where there is no model to judge.
    /// - Throws: `ManifestError`.
    func checkOriginals(in map: FieldMap) throws {
        let makers = try ["quantize", "export"].flatMap { key -> [Field] in
            try map[key]?.list("a list", countMax: ManifestLimits.entriesMax) ?? []
        }
        guard !makers.isEmpty else {
            let hint =
                "add `compress:` with a method and its ratios, or `quantize:` or `export:` with "
                + "`original: true`"
            throw try map.required("compress", hint: hint).error("the list is empty", hint: hint)
        }
        for maker in makers {
            let original = try FieldMap(maker, "a mapping")["original"]
            guard let original, try original.flag() else {
                throw maker.error(
                    "this entry has no model to write: there is no `compress`, and `original` is "
                        + "not `true`", hint: "add `original: true`, or `compress:`")
            }
        }
        if map["quantize"] == nil, let tasks = map["evaluate"] {
            throw tasks.error(
                "there is no model to judge: neither `compress` nor `quantize` makes one",
                hint: "take `evaluate:` out, or add one of them")
        }
    }
}
