// Texts that begin alike, as a forest: a beginning that several texts share is one segment, kept
// and computed once, and each text is the chain of segments from a root to where it ends.

/// Token texts cut into shared segments, laid out row after row, parents before children.
package struct TextForest: Sendable {
    /// A run of tokens that belongs to one text, or to all texts that begin with it.
    package struct Segment: Sendable, Equatable {
        package var parent: Int?
        /// Rows of its tokens in `tokens`.
        package var rows: Range<Int>
        /// Place of its first token in the texts.
        package var position: Int
    }

    /// A shared beginning shorter than this is computed for each text: a segment of its own
    /// would cost more than its few tokens.
    static let sharedTokensMin = 8

    package private(set) var tokens: [Int32] = []
    package private(set) var segments: [Segment] = []
    /// The segment that each text ends with.
    package private(set) var last: [Int]

    /// - Parameters:
    ///   - texts: none of them empty; equal texts become one whatever `sharesBeginnings` says.
    ///   - sharesBeginnings: false for models whose state cannot be taken over at a branch.
    package init(_ texts: [[Int32]], sharesBeginnings: Bool) {
        precondition(texts.allSatisfy { !$0.isEmpty }, "a text has at least one token")
        last = [Int](repeating: 0, count: texts.count)
        let order = texts.indices.sorted {
            Self.isBefore(texts[$0], texts[$1]) || (texts[$0] == texts[$1] && $0 < $1)
        }
        var open = order.isEmpty ? [] : [Group(members: 0..<order.count)]
        while let group = open.popLast() {
            grow(group, texts, order, sharesBeginnings, &open)
        }
    }

    /// Row of the token at `position` of a text.
    package func row(text: Int, position: Int) -> Int {
        var index = last[text]
        while segments[index].position > position, let parent = segments[index].parent {
            index = parent
        }
        let segment = segments[index]
        precondition(position - segment.position < segment.rows.count, "a position of the text")
        return segment.rows.lowerBound + position - segment.position
    }

    /// Segments from the root to `index`.
    func chain(to index: Int) -> [Int] {
        var chain = [index]
        var place = index
        while let parent = segments[place].parent {
            chain.append(parent)
            place = parent
        }
        return chain.reversed()
    }

    // MARK: Growth

    /// Texts `members` of the sorted order that agree up to `depth`, whose tokens from `start`
    /// lie in no segment yet.
    private struct Group {
        var members: Range<Int>
        var parent: Int?
        var start = 0
        var depth = 0
    }

    private mutating func grow(
        _ group: Group, _ texts: [[Int32]], _ order: [Int], _ shares: Bool, _ open: inout [Group]
    ) {
        let first = texts[order[group.members.lowerBound]]
        let final = texts[order[group.members.upperBound - 1]]
        let common = Self.commonCount(first, final)
        let isOneText = common == first.count && common == final.count
        var next = Group(
            members: group.members, parent: group.parent, start: group.start, depth: common)
        if isOneText || (shares && common - group.start >= Self.sharedTokensMin) {
            next.parent = add(first[group.start..<common], parent: group.parent, group.start)
            next.start = common
        }
        // Texts that end here come first in the order.
        var member = group.members.lowerBound
        var own: Int?
        while member < group.members.upperBound, texts[order[member]].count == common {
            if next.start == common, let segment = next.parent {
                last[order[member]] = segment
            } else {
                let segment =
                    own ?? add(first[group.start..<common], parent: group.parent, group.start)
                own = segment
                last[order[member]] = segment
            }
            member += 1
        }
        var branches: [Group] = []
        while member < group.members.upperBound {
            let token = texts[order[member]][common]
            let start = member
            while member < group.members.upperBound, texts[order[member]][common] == token {
                member += 1
            }
            next.members = start..<member
            branches.append(next)
        }
        open += branches.reversed()
    }

    private mutating func add(_ piece: ArraySlice<Int32>, parent: Int?, _ position: Int) -> Int {
        let rows = tokens.count..<tokens.count + piece.count
        tokens += piece
        segments.append(Segment(parent: parent, rows: rows, position: position))
        return segments.count - 1
    }

    // MARK: Order

    /// Tokens that two texts begin with alike.
    package static func commonCount(_ left: [Int32], _ right: [Int32]) -> Int {
        let limit = min(left.count, right.count)
        var count = 0
        while count < limit, left[count] == right[count] { count += 1 }
        return count
    }

    /// By tokens, a text before those that continue it.
    package static func isBefore(_ left: [Int32], _ right: [Int32]) -> Bool {
        let common = commonCount(left, right)
        if common == left.count || common == right.count { return left.count < right.count }
        return left[common] < right[common]
    }
}
