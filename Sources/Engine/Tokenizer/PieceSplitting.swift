// Finding matches in text, and what becomes of them: the five split behaviours.
// Source: tokenizers 0.23, tokenizer/pattern.rs and tokenizer/normalizer.rs.

/// What a component searches for.
enum PieceMatcher: Sendable {
    /// These bytes. Never empty.
    case literal([UInt8])
    /// Every single scalar value of the first set of the classifier.
    case scalars(ScalarClassifier)
    case pattern(PatternProgram)

    /// Appends the matches in `bytes[range]`, in order and without overlap.
    func appendMatches(
        in bytes: [UInt8], _ range: Range<Int>, scratch: inout PatternScratch,
        to matches: inout [Range<Int>]
    ) throws(TokenizerError) {
        switch self {
        case .literal(let literal):
            var index = range.lowerBound
            while index + literal.count <= range.upperBound {
                if bytes[index] == literal[0]
                    && bytes[index..<index + literal.count].elementsEqual(literal)
                {
                    matches.append(index..<index + literal.count)
                    index += literal.count
                } else {
                    index += 1
                }
            }
        case .scalars(let classifier):
            var index = range.lowerBound
            while index < range.upperBound {
                let (value, length) = UTF8Text.scalar(in: bytes, at: index)
                if classifier.isInFirst(value) { matches.append(index..<index + length) }
                index += length
            }
        case .pattern(let program):
            try program.appendMatches(in: bytes, range, scratch: &scratch, to: &matches)
        }
    }
}

/// What becomes of a match when a piece of text is split. Raw values as in tokenizer.json.
enum SplitBehavior: String, Sendable, CaseIterable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"

    /// Appends what `piece` falls into; empty pieces are left out.
    ///
    /// - Parameters:
    ///   - matches: in order, without overlap, within `piece`.
    ///   - inverted: what is between the matches is taken for the matches.
    func split(
        _ piece: Range<Int>, at matches: [Range<Int>], inverted: Bool,
        into pieces: inout [Range<Int>]
    ) {
        var joiner = SegmentJoiner(behavior: self)
        var position = piece.lowerBound
        for match in matches {
            if position < match.lowerBound {
                joiner.append(position..<match.lowerBound, isMatch: inverted, to: &pieces)
            }
            joiner.append(match, isMatch: !inverted, to: &pieces)
            position = match.upperBound
        }
        if position < piece.upperBound {
            joiner.append(position..<piece.upperBound, isMatch: inverted, to: &pieces)
        }
        joiner.finish(to: &pieces)
    }
}

/// Joins the segments of a piece (matches and what is between them) as a behaviour says.
private struct SegmentJoiner {
    let behavior: SplitBehavior
    private var open: Range<Int>?
    private var previousIsMatch = false

    init(behavior: SplitBehavior) {
        self.behavior = behavior
    }

    @inline(__always)
    mutating func append(_ segment: Range<Int>, isMatch: Bool, to pieces: inout [Range<Int>]) {
        let joins =
            switch behavior {
            case .removed, .isolated: false
            case .mergedWithPrevious: isMatch && !previousIsMatch
            case .mergedWithNext: !isMatch && previousIsMatch
            case .contiguous: isMatch == previousIsMatch
            }
        previousIsMatch = isMatch
        if joins, let before = open {
            open = before.lowerBound..<segment.upperBound
        } else {
            finish(to: &pieces)
            open = behavior == .removed && isMatch ? nil : segment
        }
    }

    @inline(__always)
    mutating func finish(to pieces: inout [Range<Int>]) {
        if let piece = open, !piece.isEmpty { pieces.append(piece) }
        open = nil
    }
}

/// A stretch of text on its way through the pre-tokenizers.
struct PieceBuffer: Sendable {
    /// Valid UTF-8.
    var bytes: [UInt8] = []

    /// The pieces, in order. None is empty.
    var pieces: [Range<Int>] = []

    /// How many leading bytes come from the first character of the whole original text:
    /// 0 if the stretch begins later. Metaspace's scheme «first» asks for it.
    var bytesAtOrigin = 0
}

/// Memory that splitting reuses.
struct SplitScratch: Sendable {
    var matches: [Range<Int>] = []
    var pieces: [Range<Int>] = []
    var bytes: [UInt8] = []
    var pattern = PatternScratch()
}
