// Rewrites text before it is cut into pieces.
// Source: tokenizers 0.23, normalizers/*.rs.

/// The normalizers of a file, flattened into steps.
struct TextNormalizer: Sendable {
    enum Step: Sendable {
        /// Nothing is put before an empty text.
        case prepend([UInt8])
        case replace(PieceMatcher, with: [UInt8])
        case unicode(NormalForm)
        case strip(left: Bool, right: Bool)
        case lowercase
    }

    private let steps: [Step]

    init(steps: [Step]) {
        self.steps = steps
    }

    /// - Parameters:
    ///   - bytes: valid UTF-8, rewritten.
    ///   - bytesAtOrigin: see PieceBuffer; kept true.
    func apply(
        to bytes: inout [UInt8], bytesAtOrigin: inout Int, scratch: inout SplitScratch
    ) throws(TokenizerError) {
        let limit = Tokenizer.normalizedBytesMax(bytes.count)
        let original = bytes.count
        func check(_ count: Int) throws(TokenizerError) {
            guard count <= limit else {
                throw .normalizedTooLong(bytes: original, grown: count, bytesMax: limit)
            }
        }
        for step in steps {
            // Every other step multiplies by a small constant at most.
            try check(bytes.count)
            switch step {
            case .prepend(let prefix):
                if bytes.isEmpty { continue }
                try check(bytes.count + prefix.count)
                bytes.insert(contentsOf: prefix, at: 0)
                if bytesAtOrigin > 0 { bytesAtOrigin += prefix.count }
            case .replace(let matcher, let content):
                try matches(of: matcher, in: bytes, &scratch)
                let gone = scratch.matches.reduce(0) { $0 + $1.count }
                try check(bytes.count - gone + scratch.matches.count * content.count)
                replace(content, in: &bytes, &bytesAtOrigin, scratch)
            case .unicode(let form):
                let atOrigin = form.normalize(Array(bytes.prefix(bytesAtOrigin))).count
                bytes = form.normalize(bytes)
                // The first character may have been composed with what follows it.
                bytesAtOrigin = Self.scalarBoundary(from: atOrigin, in: bytes)
            case .strip(let left, let right):
                let kept = Self.withoutSpace(bytes, left: left, right: right)
                bytesAtOrigin = min(max(0, bytesAtOrigin - kept.lowerBound), kept.count)
                bytes = Array(bytes[kept])
            case .lowercase:
                bytesAtOrigin = Self.lowercased(Array(bytes.prefix(bytesAtOrigin))).count
                bytes = Self.lowercased(bytes)
            }
        }
    }

    private func matches(
        of matcher: PieceMatcher, in bytes: [UInt8], _ scratch: inout SplitScratch
    ) throws(TokenizerError) {
        scratch.matches.removeAll(keepingCapacity: true)
        try matcher.appendMatches(
            in: bytes, 0..<bytes.count, scratch: &scratch.pattern, to: &scratch.matches)
    }

    /// Puts `content` in the place of every match.
    private func replace(
        _ content: [UInt8], in bytes: inout [UInt8], _ bytesAtOrigin: inout Int,
        _ scratch: SplitScratch
    ) {
        if scratch.matches.isEmpty { return }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var newOrigin = 0
        var position = 0
        for match in scratch.matches {
            output.append(contentsOf: bytes[position..<match.lowerBound])
            if position < bytesAtOrigin {
                newOrigin += min(match.lowerBound, bytesAtOrigin) - position
                // New text counts as coming from the last character that it replaces.
                if match.upperBound <= bytesAtOrigin { newOrigin += content.count }
            }
            output.append(contentsOf: content)
            position = match.upperBound
        }
        output.append(contentsOf: bytes[position...])
        bytesAtOrigin = newOrigin + max(0, bytesAtOrigin - position)
        bytes = output
    }

    private static func scalarBoundary(from index: Int, in bytes: [UInt8]) -> Int {
        var index = min(index, bytes.count)
        while index < bytes.count && bytes[index] & 0xC0 == 0x80 { index += 1 }
        return index
    }

    private static func withoutSpace(_ bytes: [UInt8], left: Bool, right: Bool) -> Range<Int> {
        var (start, end) = (0, bytes.count)
        while left, start < end {
            let (value, length) = UTF8Text.scalar(in: bytes, at: start)
            guard UnicodeClasses.space.contains(value) else { break }
            start += length
        }
        while right, start < end {
            let last = UTF8Text.start(before: end, in: bytes)
            guard UnicodeClasses.space.contains(UTF8Text.scalar(in: bytes, at: last).value) else {
                break
            }
            end = last
        }
        return start..<end
    }

    /// Each scalar value for itself: no rule looks at its neighbours (final sigma, for one).
    private static func lowercased(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let (value, length) = UTF8Text.scalar(in: bytes, at: index)
            if value < 0x80 {
                output.append(value >= 0x41 && value <= 0x5A ? UInt8(value) + 32 : UInt8(value))
            } else if let scalar = Unicode.Scalar(value) {
                output.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
            }
            index += length
        }
        return output
    }
}
