// Tokens that are found in the text itself, before anything else is done to it.
// Source: tokenizers 0.23, tokenizer/added_vocabulary.rs.

struct AddedToken: Sendable {
    let content: [UInt8]
    let id: Int32
    /// Only matches where no word character stands beside it.
    let isSingleWord: Bool
    /// Takes the white space before it along.
    let stripsLeft: Bool
    /// Takes the white space after it along.
    let stripsRight: Bool
    /// Searched for in the normalised text, and itself normalised.
    let isNormalized: Bool
    /// Left out by decoding when special tokens are to be skipped.
    let isSpecial: Bool
}

/// Finds added tokens in text: leftmost first, the longest of those that start there.
struct AddedTokenMatcher: Sendable {
    /// A stretch of text; with the id of an added token if it is one.
    struct Segment: Equatable {
        let range: Range<Int>
        let id: Int32?
    }

    private let tokens: [AddedToken]
    /// Node * 256 + byte -> node. The root is 0.
    private var children: [Int: Int] = [:]
    /// Node -> index of the token that ends there, or -1.
    private var endings: [Int] = [-1]
    private var startsToken = [Bool](repeating: false, count: 256)

    /// - Parameter tokens: what to look for, with the bytes to look for. Never empty bytes. Of
    ///   equal ones the first counts.
    init(_ tokens: [(token: AddedToken, pattern: [UInt8])]) {
        self.tokens = tokens.map(\.token)
        for (index, entry) in tokens.enumerated() {
            startsToken[Int(entry.pattern[0])] = true
            var node = 0
            for byte in entry.pattern {
                let edge = node << 8 | Int(byte)
                node = children[edge] ?? endings.count
                if node == endings.count {
                    children[edge] = node
                    endings.append(-1)
                }
            }
            if endings[node] < 0 { endings[node] = index }
        }
    }

    var isEmpty: Bool { tokens.isEmpty }

    /// Cuts `bytes` (valid UTF-8) into added tokens and the text between them; no segment is empty.
    func segments(of bytes: [UInt8]) -> [Segment] {
        var segments: [Segment] = []
        func append(_ start: Int, _ end: Int, _ id: Int32?) {
            if start < end { segments.append(Segment(range: start..<end, id: id)) }
        }
        var done = 0
        var index = 0
        // The white space last walked over, so that a long run of it is walked once.
        var space = 0..<0
        func spaceEnd(after index: Int) -> Int {
            if index < space.lowerBound || index > space.upperBound {
                space = index..<Self.spaceEnd(after: index, in: bytes)
            }
            return space.upperBound
        }
        while index < bytes.count {
            guard startsToken[Int(bytes[index])], let match = longestMatch(in: bytes, at: index)
            else {
                index += 1
                continue
            }
            // A token that is refused here still uses up its bytes.
            let (token, end) = match
            let start = index
            index = end
            if token.isSingleWord && touchesWord(bytes, start..<end) { continue }
            // What an earlier token has taken along stays with it.
            let from =
                token.stripsLeft
                ? max(Self.spaceStart(before: start, in: bytes, notBefore: done), done) : start
            let right = token.stripsRight ? spaceEnd(after: end) : end
            append(done, from, nil)
            append(from, right, token.id)
            done = right
        }
        append(done, bytes.count, nil)
        return segments
    }

    private func longestMatch(in bytes: [UInt8], at start: Int) -> (token: AddedToken, end: Int)? {
        var node = 0
        var best: (token: AddedToken, end: Int)?
        var index = start
        while index < bytes.count, let child = children[node << 8 | Int(bytes[index])] {
            node = child
            index += 1
            if endings[node] >= 0 { best = (tokens[endings[node]], index) }
        }
        return best
    }

    private func touchesWord(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        func isWord(_ index: Int) -> Bool {
            UnicodeClasses.plainWord.contains(UTF8Text.scalar(in: bytes, at: index).value)
        }
        if range.lowerBound > 0, isWord(UTF8Text.start(before: range.lowerBound, in: bytes)) {
            return true
        }
        return range.upperBound < bytes.count && isWord(range.upperBound)
    }

    private static func spaceStart(
        before index: Int, in bytes: [UInt8], notBefore limit: Int
    ) -> Int {
        var start = index
        while start > limit {
            let before = UTF8Text.start(before: start, in: bytes)
            guard UnicodeClasses.space.contains(UTF8Text.scalar(in: bytes, at: before).value) else {
                break
            }
            start = before
        }
        return start
    }

    private static func spaceEnd(after index: Int, in bytes: [UInt8]) -> Int {
        var end = index
        while end < bytes.count {
            let (value, length) = UTF8Text.scalar(in: bytes, at: end)
            guard UnicodeClasses.space.contains(value) else { break }
            end += length
        }
        return end
    }
}
