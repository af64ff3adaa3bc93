// The ways in which the section `compare` can be wrong; they run with all other bad manifests.

extension BadManifest {
    private static func compare(
        _ name: String, _ section: String, at line: Int, _ column: Int, _ path: String,
        calibration: Bool = true, says: String...
    ) -> BadManifest {
        let set = calibration ? "calibration: {dataset: text, path: t}" : "priority: 0"
        let text =
            "version: 1\nmodel: m\n\(set)\ncompress:\n- {method: reverse, ratios: [0.5]}\n"
            + "compare:\n\(section)\n"
        return BadManifest(name, text, at: line, column, path, saying: says)
    }

    static let comparisons = [
        compare(
            "nothing to compare", "  splits: 3", at: 7, 3, "compare",
            says: "nothing to compare", "`measures: [cosine, cka]`"),
        compare(
            "unknown key in compare", "  set: []", at: 7, 3, "compare.set",
            says: "unknown key in compare", "did you mean `sets`?"),
        compare("no sets", "  sets: []", at: 7, 9, "compare.sets", says: "empty"),
        compare("no measures", "  measures: []", at: 7, 13, "compare.measures", says: "empty"),
        compare(
            "an unknown measure", "  measures: [cosin]", at: 7, 14, "compare.measures[0]",
            says: "unknown similarity measure", "did you mean `cosine`?"),
        compare(
            "the measure of the analysis", "  measures: [npib]", at: 7, 14,
            "compare.measures[0]", says: "compared anyway"),
        compare(
            "a measure twice", "  measures: [cka, cka]", at: 7, 19, "compare.measures[1]",
            says: "written twice"),
        compare(
            "measures on nothing", "  measures: [cka]", at: 7, 3, "compare", calibration: false,
            says: "`calibration` is missing"),
        compare(
            "splits without sets", "  measures: [cka]\n  splits: 3", at: 8, 11,
            "compare.splits", says: "no meaning", "`sets`"),
        compare(
            "one split", "  splits: 1\n  sets: [{name: a, dataset: text, path: t}]", at: 7, 11,
            "compare.splits", says: "out of range", "from 2 to 64"),
        compare(
            "a set without a name", "  sets:\n  - {dataset: text, path: t}", at: 8, 5,
            "compare.sets[0]", says: "`name` is missing"),
        compare(
            "a set with a bad name", "  sets:\n  - {name: a/b, dataset: text, path: t}", at: 8,
            12, "compare.sets[0].name", says: "not a name"),
        compare(
            "two sets of one name",
            "  sets:\n  - {name: a, dataset: text, path: t}\n"
                + "  - {name: a, dataset: text, path: u}", at: 9, 12, "compare.sets[1].name",
            says: "two sets are called `a`"),
        compare(
            "a set without a path", "  sets:\n  - {name: a, dataset: text}", at: 8, 5,
            "compare.sets[0]", says: "`path` is missing"),
        compare(
            "a key of another data set in a set",
            "  sets:\n  - {name: a, dataset: text, path: t, split: dev}", at: 8, 39,
            "compare.sets[0].split", says: "unknown key", "data set text"),
        compare(
            "too many sets",
            "  sets:\n"
                + (0...16).map { "  - {name: s\($0), dataset: text, path: t}" }
                .joined(separator: "\n"), at: 8, 3, "compare.sets", says: "too many",
            "at most 16", "17"),
    ]
}
