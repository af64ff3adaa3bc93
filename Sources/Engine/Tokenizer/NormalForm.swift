// The Unicode normal forms, as the tokenizers library computes them.
// Source: Unicode Standard Annex 15; the Unicode Standard, section 3.12 (Hangul).

import Foundation

/// A Unicode normal form. Raw values as in tokenizer.json.
enum NormalForm: String, Sendable, CaseIterable {
    case nfc = "NFC"
    case nfd = "NFD"
    case nfkc = "NFKC"
    case nfkd = "NFKD"

    /// The library follows an older Unicode (about version 10) than Foundation and the standard
    /// library. So only stretches of scalar values that its version changes, reorders or composes
    /// (measured: UnicodeTables) are normalised here; on those all versions agree (Unicode's
    /// stability policy). All others are starters that stay as they are.
    ///
    /// - Parameter bytes: valid UTF-8.
    func normalize(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var run: [UInt32] = []
        var index = 0
        while index < bytes.count {
            let start = index
            var isASCII = true
            while index < bytes.count {
                let (value, length) = UTF8Text.scalar(in: bytes, at: index)
                guard NormalizationData.active.isInFirst(value) else { break }
                if value >= 0x80 { isASCII = false }
                run.append(value)
                index += length
            }
            if isASCII {
                output.append(contentsOf: bytes[start..<index])
            } else {
                for value in normalized(run) { UTF8Text.append(value, to: &output) }
            }
            run.removeAll(keepingCapacity: true)
            if index < bytes.count {
                let end = index + UTF8Text.length(startingWith: bytes[index])
                output.append(contentsOf: bytes[index..<end])
                index = end
            }
        }
        return output
    }

    private func normalized(_ run: [UInt32]) -> [UInt32] {
        let data = NormalizationData.shared
        let isCompatible = self == .nfkc || self == .nfkd
        var values = run.flatMap { data.decomposition(of: $0, isCompatible: isCompatible) }
        data.reorder(&values)
        return self == .nfc || self == .nfkc ? data.composed(values) : values
    }
}

/// Decompositions, combining classes and compositions of the active scalar values.
private struct NormalizationData: Sendable {
    static let active = ScalarClassifier(UnicodeClasses.normalizationActive)
    static let shared = NormalizationData()

    /// Full decompositions; what is missing stays itself. Hangul syllables are computed.
    private var canonical: [UInt32: [UInt32]] = [:]
    private var compatible: [UInt32: [UInt32]] = [:]
    /// What is missing is a starter (class 0).
    private var combiningClass: [UInt32: UInt8] = [:]
    /// First and second scalar value, in the halves of the key -> what they compose to.
    private var composites: [UInt64: UInt32] = [:]

    private init() {
        var composable: [(value: UInt32, parts: [UInt32])] = []
        let edges = UnicodeClasses.normalizationActive.edges
        for (lower, upper) in zip(edges, edges.dropFirst()).enumerated()
            .filter({ $0.offset % 2 == 0 }).map(\.element)
        {
            for value in lower..<upper where !Hangul.syllables.contains(value) {
                guard let scalar = Unicode.Scalar(value) else { continue }
                let whole = String(Character(scalar))
                let parts = Self.values(whole.decomposedStringWithCanonicalMapping)
                let compatibleParts = Self.values(whole.decomposedStringWithCompatibilityMapping)
                if parts != [value] { canonical[value] = parts }
                if compatibleParts != [value] { compatible[value] = compatibleParts }
                let order = scalar.properties.canonicalCombiningClass.rawValue
                if order > 0 { combiningClass[value] = order }
                if parts.count > 1, !scalar.properties.isFullCompositionExclusion {
                    composable.append((value, parts))
                }
            }
        }
        // A composite of three parts is one of the first two and the third: shorter ones first.
        var compositeOfParts: [[UInt32]: UInt32] = [:]
        for (value, parts) in composable.sorted(by: { $0.parts.count < $1.parts.count }) {
            let front = Array(parts.dropLast())
            guard let first = front.count == 1 ? front[0] : compositeOfParts[front],
                let second = parts.last
            else { continue }
            compositeOfParts[parts] = value
            composites[UInt64(first) << 32 | UInt64(second)] = value
        }
    }

    func decomposition(of value: UInt32, isCompatible: Bool) -> [UInt32] {
        if Hangul.syllables.contains(value) { return Hangul.decomposition(of: value) }
        return (isCompatible ? compatible : canonical)[value] ?? [value]
    }

    /// Sorts every run of non-starters by combining class; equal classes keep their order.
    func reorder(_ values: inout [UInt32]) {
        var start = 0
        while start < values.count {
            var end = start
            while end < values.count, combiningClass[values[end]] != nil { end += 1 }
            if end - start > 1 {
                let marks = values[start..<end].enumerated()
                    .map { (order: combiningClass[$0.element] ?? 0, index: $0.offset, $0.element) }
                    .sorted { ($0.order, $0.index) < ($1.order, $1.index) }
                values.replaceSubrange(start..<end, with: marks.map(\.2))
            }
            start = end + 1
        }
    }

    func composed(_ values: [UInt32]) -> [UInt32] {
        var output: [UInt32] = []
        var starter: Int?
        // The class of the last value after the starter; nil while there is none.
        var lastClass: UInt8?
        for value in values {
            let order = combiningClass[value] ?? 0
            if let starter, lastClass.map({ $0 < order }) ?? true,
                let composite = composite(output[starter], value)
            {
                output[starter] = composite
                continue
            }
            if order == 0 {
                starter = output.count
                lastClass = nil
            } else {
                lastClass = order
            }
            output.append(value)
        }
        return output
    }

    private func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        Hangul.composite(first, second) ?? composites[UInt64(first) << 32 | UInt64(second)]
    }

    private static func values(_ text: String) -> [UInt32] {
        text.unicodeScalars.map(\.value)
    }
}

/// Hangul syllables, which are composed of jamo by arithmetic.
private enum Hangul {
    static let syllables: Range<UInt32> = 0xAC00..<0xAC00 + 19 * 21 * 28

    /// One before the first trailing consonant: 0 stands for none.
    private static let trailingBase: UInt32 = 0x11A7

    static func decomposition(of syllable: UInt32) -> [UInt32] {
        let index = syllable - syllables.lowerBound
        let pair = [0x1100 + index / 588, 0x1161 + index % 588 / 28]
        return index % 28 == 0 ? pair : pair + [trailingBase + index % 28]
    }

    static func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if (0x1100..<0x1113).contains(first), (0x1161..<0x1176).contains(second) {
            return syllables.lowerBound + (first - 0x1100) * 588 + (second - 0x1161) * 28
        }
        let isOpen = syllables.contains(first) && (first - syllables.lowerBound) % 28 == 0
        if isOpen, (trailingBase + 1..<trailingBase + 28).contains(second) {
            return first + second - trailingBase
        }
        return nil
    }
}
