// What a manifest may not say of models in fewer bits.

extension BadManifest {
    private static func quantize(
        _ name: String, _ section: String, at line: Int, _ column: Int, _ path: String,
        says: String...
    ) -> BadManifest {
        BadManifest(
            name,
            "version: 1\nname: j\nmodel: m\ncompress:\n- {method: reverse, ratios: [0.5]}\n"
                + "quantize:\(section)\n", at: line, column, path, saying: says)
    }

    static let quantizations = [
        quantize("no way to quantise", " []", at: 6, 11, "quantize", says: "empty", "method: rtn"),
        quantize("one that is no list", " rtn", at: 6, 11, "quantize", says: "write [rtn]"),
        quantize(
            "an unknown way", "\n- {method: fp}", at: 7, 12, "quantize[0].method",
            says: "unknown method of quantisation", "did you mean `fp8`?"),
        quantize(
            "no method", "\n- {bits: 4}", at: 7, 3, "quantize[0]", says: "`method` is missing"),
        quantize(
            "bits that no loader reads", "\n- {method: rtn, bits: 5}", at: 7, 23,
            "quantize[0].bits", says: "out of range", "4 | 8", "5"),
        quantize(
            "a group that is no number", "\n- {method: rtn, group: all}", at: 7, 24,
            "quantize[0].group", says: "`auto` or `channel`", "all"),
        quantize(
            "a group of nothing", "\n- {method: rtn, group: 0}", at: 7, 24, "quantize[0].group",
            says: "out of range"),
        quantize(
            "groups of eight-bit floats", "\n- {method: fp8, group: 64}", at: 7, 17,
            "quantize[0].group", says: "unknown key in quantize with method fp8"),
        quantize(
            "the same twice", "\n- {method: rtn}\n- {method: rtn, bits: 4, original: true}", at: 8,
            3, "quantize[1]", says: "asked for twice"),
        quantize(
            "one that looks at tokens, without any", "\n- {method: gptq}", at: 7, 3,
            "quantize[0]", says: "`calibration` is missing", "`gptq` needs it"),
        quantize(
            "a label that is taken", "\n- {method: rtn, label: quantized.csv}", at: 7, 24,
            "quantize[0].label", says: "taken"),
    ]

    static let originals = [
        BadManifest(
            "no compress, and an entry without the original",
            "version: 1\nmodel: m\nquantize:\n- {method: rtn, original: true}\n- method: fp8\n",
            at: 5, 3, "quantize[1]", says: "no model to write", "original: true"),
        BadManifest(
            "no compress, and the original refused",
            "version: 1\nmodel: m\nexport: [{format: gguf, type: q8_0, original: false}]\n",
            at: 3, 10, "export[0]", says: "no model to write"),
        BadManifest(
            "no model to judge",
            "version: 1\nmodel: m\nexport: [{format: gguf, type: q8_0, original: true}]\n"
                + "evaluate: [{task: generation}]\n", at: 4, 11, "evaluate",
            says: "no model to judge"),
    ]
}
