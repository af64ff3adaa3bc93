// Ratios are the number people get wrong most: each way of being wrong has its own words.

extension ManifestParser {
    /// Shares of the layers to remove, each > 0 and < 1, no two alike.
    func ratios(_ field: Field) throws -> [Double] {
        let items = try field.list(
            "a list of ratios, such as [0.25, 0.5]", countMax: ManifestLimits.ratiosMax)
        guard !items.isEmpty else {
            throw field.error("the list of ratios is empty", hint: "write `ratios: [0.25]`")
        }
        if let shares = Self.splitAtCommas(items) {
            throw field.error(
                "a comma separates entries, so that a 0 and the digits behind it are two of them",
                expected: "shares with a decimal point", found: field.node.found,
                hint: "write `ratios: [\(shares.joined(separator: ", "))]`")
        }
        var ratios: [Double] = []
        for item in items {
            let ratio = try ratio(item)
            guard !ratios.contains(ratio) else {
                throw item.error("the ratio \(ratio) is written twice", hint: "remove one of them")
            }
            ratios.append(ratio)
        }
        return ratios
    }

    private func ratio(_ field: Field) throws -> Double {
        let expected = "a share of the layers, greater than 0 and less than 1"
        let ratio = try field.anyNumber(expected)
        let problem: String
        let hint: String
        switch ratio {
        case _ where ratio.isNaN:
            (problem, hint) = ("the ratio is not a number", "write a share such as 0.25")
        case _ where ratio.isInfinite:
            (problem, hint) = ("the ratio is infinite", "write a share such as 0.25")
        case 0:
            (problem, hint) = (
                "a ratio of 0 removes nothing", "the original is always evaluated: leave it out"
            )
        case ..<0:
            (problem, hint) = ("a ratio cannot be negative", "write \(-ratio) to remove layers")
        case 1:
            (problem, hint) = ("a ratio of 1 leaves no layer", "write a share such as 0.25")
        case 1...:
            (problem, hint) = (
                "a ratio above 1 removes more than there is",
                "a ratio is a share: write 0.25 for a quarter of the layers"
            )
        default:
            return ratio
        }
        throw field.error(problem, expected: expected, found: field.node.found, hint: hint)
    }

    /// What `[0,25]` or `[0,25, 0.5]` meant: a zero and the digits behind it are a share; nil for
    /// lists without one, or with something else than numbers.
    private static func splitAtCommas(_ items: [Field]) -> [String]? {
        var rest = items.map { item -> String in
            if case .plain(let text) = item.node.content { text } else { "" }
        }[...]
        var shares: [String] = []
        var hasComma = false
        while let text = rest.popFirst() {
            if text == "0", let next = rest.first, let share = Field.withPoint("0," + next) {
                rest.removeFirst()
                shares.append(share)
                hasComma = true
            } else if Double(text) != nil {
                shares.append(text)
            } else {
                return nil
            }
        }
        return hasComma ? shares : nil
    }
}
