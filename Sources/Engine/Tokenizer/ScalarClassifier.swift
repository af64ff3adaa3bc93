// Sorts every scalar value into one of at most 256 classes, by the sets that hold it.
//
// Two scalar values that are in the same sets of a pattern cannot be told apart by it. So a
// pattern needs no Unicode: it can run over a string of class numbers, one byte a scalar value.

/// A partition of all scalar values, with constant-time lookup.
struct ScalarClassifier: Sendable {
    static let classesMax = 256

    /// Classes in use, numbered from 0.
    let classCount: Int

    /// `members[s][c]`: whether the scalar values of class c are in set s.
    let members: [[Bool]]

    /// `members[0]`, for quick answers.
    private let firstMembers: [Bool]

    /// Scalar value / 256 -> page.
    private let pages: [UInt16]

    /// Page * 256 + scalar value % 256 -> class.
    private let classes: [UInt8]

    /// Returns nil if the sets cut the scalar values into more than `classesMax` classes.
    init?(_ sets: [ScalarSet]) {
        var starts = Set(sets.flatMap(\.edges))
        starts.insert(0)
        let bounds = starts.sorted()

        // One sweep: at each bound some memberships flip, and the new pattern names a class.
        var inside = [Bool](repeating: false, count: sets.count)
        var nextEdge = [Int](repeating: 0, count: sets.count)
        var classOfMembership: [[Bool]: Int] = [:]
        var memberships: [[Bool]] = []
        var classOfInterval: [UInt8] = []
        for bound in bounds {
            for (s, set) in sets.enumerated()
            where nextEdge[s] < set.edges.count && set.edges[nextEdge[s]] == bound {
                inside[s].toggle()
                nextEdge[s] += 1
            }
            let known = classOfMembership[inside] ?? memberships.count
            if known == memberships.count {
                guard known < Self.classesMax else { return nil }
                classOfMembership[inside] = known
                memberships.append(inside)
            }
            classOfInterval.append(UInt8(known))
        }
        classCount = memberships.count
        members = sets.indices.map { s in memberships.map { $0[s] } }
        firstMembers = members.first ?? []
        (pages, classes) = Self.paged(bounds: bounds, classes: classOfInterval)
    }

    /// A classifier of one set: class(of:) is 1 inside it and 0 outside, or the reverse.
    init(_ set: ScalarSet) {
        guard let classifier = ScalarClassifier([set]) else {
            preconditionFailure("one set makes at most two classes")
        }
        self = classifier
    }

    @inline(__always)
    func classNumber(of value: UInt32) -> UInt8 {
        classes[Int(pages[Int(value >> 8)]) << 8 | Int(value & 0xFF)]
    }

    /// Whether `value` is in the first set.
    @inline(__always)
    func isInFirst(_ value: UInt32) -> Bool {
        firstMembers[Int(classNumber(of: value))]
    }

    /// Appends one class number per scalar value of valid UTF-8.
    func appendClasses(of bytes: [UInt8], in range: Range<Int>, to result: inout [UInt8]) {
        result.reserveCapacity(result.count + range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            if byte < 0x80 {
                result.append(classes[Int(pages[0]) << 8 | Int(byte)])
                index += 1
            } else {
                let (value, length) = UTF8Text.scalar(in: bytes, at: index)
                result.append(classNumber(of: value))
                index += length
            }
        }
    }

    /// Lays the intervals out in pages of 256 scalar values; equal pages are stored once.
    private static func paged(
        bounds: [UInt32], classes: [UInt8]
    ) -> (pages: [UInt16], classes: [UInt8]) {
        var pages: [UInt16] = []
        var stored: [UInt8] = []
        var numberOfPage: [[UInt8]: UInt16] = [:]
        var uniformPages = [UInt16?](repeating: nil, count: classesMax)
        var interval = 0
        for first in stride(from: UInt32(0), to: 0x110000, by: 256) {
            func advance(to value: UInt32) {
                while interval + 1 < bounds.count && bounds[interval + 1] <= value { interval += 1 }
            }
            advance(to: first)
            let isUniform = interval + 1 == bounds.count || bounds[interval + 1] >= first + 256
            if isUniform, let page = uniformPages[Int(classes[interval])] {
                pages.append(page)
                continue
            }
            let content = (first..<first + 256).map { value in
                advance(to: value)
                return classes[interval]
            }
            let number = numberOfPage[content] ?? UInt16(stored.count / 256)
            if numberOfPage.updateValue(number, forKey: content) == nil { stored += content }
            if isUniform { uniformPages[Int(content[0])] = number }
            pages.append(number)
        }
        return (pages, stored)
    }
}
