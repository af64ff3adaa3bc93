// What a manifest may not say of budgets.

extension BadManifest {
    private static func budget(_ key: String, _ value: String, says: String...) -> BadManifest {
        let text = "version: 1\nname: j\nmodel: m\ncompress:\n- method: reverse\n"
        return BadManifest(
            "budget \(key) \(value)", text + "  \(key): \(value)\n", at: 6, key.count + 5,
            "compress[0].\(key)", saying: says)
    }

    static let budgets = [
        budget("size", "0", says: "leaves no model", "bytes, such as 6G", "found 0"),
        budget("size", "-6G", says: "cannot be negative"),
        budget("size", "1", says: "nothing would be removed", "write less"),
        budget("size", "1.0", says: "nothing would be removed"),
        budget("size", "6", says: "neither a share below 1", "write 6G"),
        budget("size", "6.5", says: "neither a share below 1", "write 6.5G"),
        budget("parameters", "7", says: "neither a share below 1", "write 7B"),
        budget("kv", "96", says: "neither a share below 1", "write 96KiB"),
        budget("size", "1234.5", says: "neither a share below 1"),
        budget("size", "6X", says: "no unit of size", "T, G, M, K, TiB, GiB, MiB, KiB, B"),
        budget("parameters", "6G", says: "no unit of parameters", "T, B, M, K"),
        budget("parameters", "6KiB", says: "no unit of parameters"),
        budget("size", "75%", says: "percentage", "write a share such as 0.75"),
        budget("size", "6,5G", says: "decimal point", "write 6.5G"),
        budget("size", "0,75", says: "decimal point", "write 0.75"),
        budget("kv", "much", says: "not an amount", "96KiB", "found much"),
        budget("kv", "G", says: "not an amount"),
        budget("kv", ".nan", says: "not an amount"),
        budget("kv", ".inf", says: "not an amount"),
        budget("size", "1e999", says: "more than any model takes"),
        budget("size", "9999999T", says: "more than any model takes"),
        budget("size", "0.1B", says: "less than one"),
        budget("size", "\"\"", says: "not an amount"),
        budget("size", "~", says: "has no value", "one budget"),
        budget("size", "[6G, 4G]", says: "wrong type", "one budget", "an entry of its own"),
        budget("size", "{a: 6G}", says: "wrong type"),
        BadManifest(
            "ratios and a budget",
            "version: 1\nmodel: m\ncompress:\n- method: reverse\n  ratios: [0.5]\n  size: 6G\n",
            at: 6, 9, "compress[0].size", says: "`size` and `ratios` both", "keep one of them"),
        BadManifest(
            "two budgets",
            "version: 1\nmodel: m\ncompress:\n- method: reverse\n  kv: 0.5\n  size: 6G\n",
            at: 5, 7, "compress[0].kv", says: "`size` and `kv` are two", "an entry of its own"),
        BadManifest(
            "the same budget twice",
            "version: 1\nmodel: m\ncompress:\n- {method: reverse, size: 6G}\n"
                + "- {method: reverse, size: 6000M}\n", at: 5, 3, "compress[1]",
            says: "twice with the same budget"),
        BadManifest(
            "a budget of a method that is told its layers",
            "version: 1\nmodel: m\ncompress:\n- {method: passthrough, layers: [0], size: 6G}\n",
            at: 4, 44, "compress[0].size", says: "takes no budget", "leave the key out"),
        BadManifest(
            "a budget of a method that removes no layers",
            "version: 1\nmodel: m\ncompress:\n- {method: sparsegpt, parameters: 0.5}\n",
            at: 4, 35, "compress[0].parameters", says: "takes no budget", "give `ratios`"),
        BadManifest(
            "a misspelt budget",
            "version: 1\nmodel: m\ncompress:\n- method: reverse\n  siz: 6G\n", at: 5, 3,
            "compress[0].siz", says: "unknown key", "did you mean `size`?"),
        BadManifest(
            "neither ratios nor a budget",
            "version: 1\nmodel: m\ncompress:\n- method: reverse\n", at: 4, 3, "compress[0]",
            says: "`ratios` is missing", "or a budget: `size: 6G`"),
        narrow("  ratios: [0.5]\n", says: "there is none", "in the place of `ratios`"),
        narrow("  kv: 0.5\n", says: "no less of the `kv` cache", "give `size`"),
        narrow(
            "  select: loss\n  size: 0.5\n", says: "no meaning here", "select: divergence"),
        BadManifest(
            "narrower MLPs of another method",
            "version: 1\nmodel: m\ncompress:\n- method: reverse\n  narrow: true\n  size: 0.5\n",
            at: 5, 3, "compress[0].narrow", says: "unknown key"),
    ]

    private static func narrow(_ rest: String, says: String...) -> BadManifest {
        BadManifest(
            "narrower MLPs with \(rest)",
            "version: 1\nmodel: m\ncalibration: {dataset: text, path: a.txt}\ncompress:\n"
                + "- method: fold\n  narrow: true\n" + rest,
            at: 6, 11, "compress[0].narrow", saying: says)
    }
}
