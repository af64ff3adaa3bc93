// The named sets of scalar values that tokenizer components and patterns speak of.
// Source: UnicodeTables, which is measured from the tokenizers library.

enum UnicodeClasses {
    static let space = ScalarSet(runs: UnicodeTables.space)
    static let digit = categories(["Nd"])

    /// `\w` of a pattern.
    static let word = wordBase.union(ScalarSet(runs: UnicodeTables.wordExtras))

    /// `\w` in brackets, which Oniguruma looks up elsewhere: it lacks «²», for instance.
    static let classWord = wordBase.union(ScalarSet(runs: UnicodeTables.classWordExtras))

    /// `\w` of `single_word` and of the pre-tokenizer Whitespace.
    static let plainWord = wordBase.union(ScalarSet(runs: UnicodeTables.plainWordExtras))

    /// What the pre-tokenizer Digits takes for a digit.
    static let numeric =
        categories(["Nd", "Nl", "No"]).union(ScalarSet(runs: UnicodeTables.numericExtras))

    /// What the pre-tokenizer Punctuation takes for punctuation.
    static let punctuation =
        categories(majors["P"] ?? [])
        .union(ScalarSet(0x21...0x2F)).union(ScalarSet(0x3A...0x40))
        .union(ScalarSet(0x5B...0x60)).union(ScalarSet(0x7B...0x7E))
        .subtracting(ScalarSet(runs: UnicodeTables.punctuationLacks))
        .union(ScalarSet(runs: UnicodeTables.punctuationExtras))

    /// What a normal form may change, reorder or compose; all else is inert.
    static let normalizationActive = ScalarSet(runs: UnicodeTables.normalizationActive)

    /// The set `\p{name}` of a pattern, nil for a name that is not supported.
    static func property(_ name: String) -> ScalarSet? {
        if let minors = majors[name] { return categories(minors) }
        return byCategory[name] ?? scripts[name]
    }

    /// What `property` knows, for messages.
    static var propertyNames: [String] {
        (Array(majors.keys) + Array(byCategory.keys)).sorted() + scripts.keys.sorted()
    }

    private static let wordBase = categories(
        ["Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "Pc"])

    /// Categories in the order of the letters of UnicodeTables.categories.
    private static let categoryNames = [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe",
        "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "Cn", "Cs",
    ]

    private static let majors = [String: [String]](
        grouping: categoryNames, by: { String($0.prefix(1)) })

    private static let scripts: [String: ScalarSet] = [
        "Han": ScalarSet(runs: UnicodeTables.scriptHan),
        "Hangul": ScalarSet(runs: UnicodeTables.scriptHangul),
        "Hiragana": ScalarSet(runs: UnicodeTables.scriptHiragana),
        "Katakana": ScalarSet(runs: UnicodeTables.scriptKatakana),
    ]

    private static func categories(_ names: [String]) -> ScalarSet {
        names.reduce(.empty) { $0.union(byCategory[$1] ?? .empty) }
    }

    private static let byCategory: [String: ScalarSet] = {
        var edges = [[UInt32]](repeating: [], count: categoryNames.count)
        var (length, position): (UInt32, UInt32) = (0, 0)
        for byte in UnicodeTables.categories.utf8 {
            if let digit = digitValue(byte) {
                length = length * 10 + digit
                continue
            }
            // Letters count A to Z, then a to z.
            let letter = byte < UInt8(ascii: "a") ? byte - 65 : byte - 97 + 26
            edges[Int(letter)].append(position)
            position += length
            if position < 0x110000 { edges[Int(letter)].append(position) }
            length = 0
        }
        return Dictionary(
            uniqueKeysWithValues: zip(categoryNames, edges.map(ScalarSet.init(edges:))))
    }()

    private static func digitValue(_ byte: UInt8) -> UInt32? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? UInt32(byte) - 48 : nil
    }
}
