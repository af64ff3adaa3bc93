// tokenizer.json: from fields to the parts of a tokenizer.
// Source: tokenizers 0.23, the Deserialize of each component; its version field is "1.0".

import JSON

/// What a tokenizer.json says, checked and ready to use.
struct TokenizerFile {
    let normalizer: TextNormalizer
    let preTokenizer: PreTokenizer
    let model: BytePairModel
    let addedTokens: [AddedToken]
    let postProcessor: PostProcessor
    let decoder: TokenDecoder
    /// What the file asks for and is left undone, in words.
    let warnings: [String]

    /// The largest known tokenizer.json has 34 MB; a vocabulary of 262,144 tokens with 580,000
    /// merges is 2 million values.
    static let limits = JSONLimits(bytes: 64 << 20, values: 8_000_000)

    init(_ bytes: Span<UInt8>) throws(TokenizerError) {
        let fields = try TokenizerFields(Self.parse(bytes), place: "")
        let version = try fields.string("version")
        guard version == "1.0" else {
            throw .wrongValue(place: "version", expected: "`1.0`", found: quoted(version))
        }
        normalizer = TextNormalizer(
            steps: try Self.few(try Self.normalizerSteps(in: fields), "normalizer"))
        preTokenizer = PreTokenizer(
            steps: try Self.few(try Self.preTokenizerSteps(in: fields), "pre_tokenizer"))
        let model = try BytePairModel(fields.object("model"))
        self.model = model
        addedTokens = try Self.addedTokens(in: fields, model: model)
        postProcessor = try PostProcessor(in: fields)
        decoder = TokenDecoder(
            steps: try Self.decoderSteps(in: fields).map { (steps) throws(TokenizerError) in
                try Self.few(steps, "decoder")
            })
        // transformers clears both, too, unless a call asks for them.
        warnings = ["truncation", "padding"].filter { fields.optional($0) != nil }
            .map { "tokenizer.json asks for \($0); it is not applied" }
    }

    /// Steps that take more time than any text is worth are refused.
    private static func few<Step>(
        _ steps: [Step], _ place: String
    ) throws(TokenizerError) -> [Step] {
        guard steps.count <= TokenizerFields.stepsMax else {
            throw .wrongValue(
                place: place, expected: "at most \(TokenizerFields.stepsMax) steps in all",
                found: "\(steps.count)")
        }
        return steps
    }

    static func parse(_ bytes: Span<UInt8>) throws(TokenizerError) -> JSONValue {
        do throws(JSONFault) {
            return try JSONValue(parsing: bytes, limits: limits)
        } catch {
            throw .json(.of(offset: error.offset, in: bytes), error)
        }
    }

    // MARK: Normalizers

    private static func normalizerSteps(
        in fields: TokenizerFields
    ) throws(TokenizerError) -> [TextNormalizer.Step] {
        guard fields.optional("normalizer") != nil else { return [] }
        return try normalizerSteps(fields.object("normalizer"))
    }

    private static func normalizerSteps(
        _ fields: TokenizerFields
    ) throws(TokenizerError) -> [TextNormalizer.Step] {
        let type = try fields.string("type")
        if let form = NormalForm(rawValue: type) { return [.unicode(form)] }
        switch type {
        case "Sequence":
            var steps: [TextNormalizer.Step] = []
            for part in try fields.components("normalizers") { steps += try normalizerSteps(part) }
            return steps
        case "Prepend": return [.prepend(try fields.bytes("prepend"))]
        case "Replace":
            return [.replace(try matcher(in: fields), with: try fields.bytes("content"))]
        case "Strip":
            return [
                .strip(left: try fields.bool("strip_left"), right: try fields.bool("strip_right"))
            ]
        case "Lowercase": return [.lowercase]
        default:
            throw unsupported(
                "normalizer", type, in: fields,
                known: "Sequence, Prepend, Replace, NFC, NFD, NFKC, NFKD, Strip, Lowercase")
        }
    }

    // MARK: Pre-tokenizers

    private static func preTokenizerSteps(
        in fields: TokenizerFields
    ) throws(TokenizerError) -> [PreTokenizer.Step] {
        guard fields.optional("pre_tokenizer") != nil else { return [] }
        return try preTokenizerSteps(fields.object("pre_tokenizer"))
    }

    private static func preTokenizerSteps(
        _ fields: TokenizerFields
    ) throws(TokenizerError) -> [PreTokenizer.Step] {
        let type = try fields.string("type")
        switch type {
        case "Sequence":
            var steps: [PreTokenizer.Step] = []
            for part in try fields.components("pretokenizers") {
                steps += try preTokenizerSteps(part)
            }
            return steps
        case "Split":
            return [
                .split(
                    try matcher(in: fields), try fields.choice("behavior"),
                    inverted: try fields.bool("invert"))
            ]
        case "ByteLevel":
            var steps: [PreTokenizer.Step] = []
            if try fields.bool("add_prefix_space") { steps.append(.prefixSpace) }
            if try fields.bool("use_regex", default: true) {
                let program = try PatternProgram(ByteLevelAlphabet.pattern, place: fields.place)
                steps.append(.split(.pattern(program), .isolated, inverted: false))
            }
            return steps + [.byteLevel]
        case "Metaspace":
            let replacement = try fields.character("replacement")
            let scheme = try prependScheme(in: fields)
            let step = PreTokenizer.Step.metaspace(replacement: replacement, scheme: scheme)
            guard try fields.bool("split", default: true) else { return [step] }
            return [step, .split(.literal(replacement), .mergedWithNext, inverted: false)]
        case "Digits":
            let matcher = PieceMatcher.scalars(ScalarClassifier(UnicodeClasses.numeric))
            let isIndividual = try fields.bool("individual_digits")
            return [.split(matcher, isIndividual ? .isolated : .contiguous, inverted: false)]
        case "Whitespace": return [try whitespaceStep(place: fields.place)]
        case "WhitespaceSplit":
            let matcher = PieceMatcher.scalars(ScalarClassifier(UnicodeClasses.space))
            return [.split(matcher, .removed, inverted: false)]
        case "Punctuation":
            let matcher = PieceMatcher.scalars(ScalarClassifier(UnicodeClasses.punctuation))
            let behavior: SplitBehavior =
                fields.optional("behavior") == nil ? .isolated : try fields.choice("behavior")
            return [.split(matcher, behavior, inverted: false)]
        default:
            throw unsupported(
                "pre-tokenizer", type, in: fields,
                known: "Sequence, Split, ByteLevel, Metaspace, Digits, Whitespace, "
                    + "WhitespaceSplit, Punctuation")
        }
    }

    /// Old files say `add_prefix_space: false` for what is now the scheme «never».
    static func prependScheme(
        in fields: TokenizerFields
    ) throws(TokenizerError) -> PreTokenizer.PrependScheme {
        let prepends = try fields.bool("add_prefix_space", default: true)
        guard fields.optional("prepend_scheme") != nil else { return prepends ? .always : .never }
        let scheme: PreTokenizer.PrependScheme = try fields.choice("prepend_scheme")
        guard prepends || scheme == .never else {
            throw .wrongValue(
                place: fields.place(of: "prepend_scheme"),
                expected: "`never`, as add_prefix_space is false", found: quoted(scheme.rawValue))
        }
        return scheme
    }

    /// Runs of word characters, and runs of characters that are neither that nor white space.
    private static func whitespaceStep(place: String) throws(TokenizerError) -> PreTokenizer.Step {
        let word = UnicodeClasses.plainWord
        let other = word.union(UnicodeClasses.space).inverted
        var pattern = ParsedPattern()
        pattern.append(word)
        pattern.append("+|")
        pattern.append(other)
        pattern.append("+")
        let program = try PatternProgram(#"\w+|[^\w\s]+"#, parsed: pattern, place: place)
        return .split(.pattern(program), .removed, inverted: true)
    }

    // MARK: What several components have

    /// The field `pattern`: {"String": …} or {"Regex": …}.
    static func matcher(in fields: TokenizerFields) throws(TokenizerError) -> PieceMatcher {
        let pattern = try fields.object("pattern")
        if pattern.optional("Regex") != nil {
            return .pattern(
                try PatternProgram(pattern.string("Regex"), place: pattern.place(of: "Regex")))
        }
        let literal = try pattern.bytes("String")
        guard !literal.isEmpty else {
            throw .wrongValue(
                place: pattern.place(of: "String"), expected: "some characters", found: "none")
        }
        return .literal(literal)
    }

    static func unsupported(
        _ kind: String, _ type: String, in fields: TokenizerFields, known: String
    ) -> TokenizerError {
        .unsupported(
            place: fields.place, component: "the \(kind) \(quoted(type))",
            hint: "known are \(known)")
    }
}
