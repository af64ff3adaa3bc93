// Who gets a place among the connections.

import Testing

@testable import HTTP

@Suite struct PlacesTests {
    private static let limits: HTTPLimits = {
        var limits = HTTPLimits()
        limits.connections = 6
        limits.connectionsPerUser = 3
        return limits
    }()

    /// - Parameter crowd: a letter for each connection, the oldest first: its user, in capitals
    ///   where it keeps its place.
    private static func holders(_ crowd: String) -> [PlaceHolder] {
        crowd.enumerated().map { index, letter in
            PlaceHolder(
                id: index, party: .user(Int(letter.lowercased().utf8.first ?? 0)),
                isYielding: letter.isLowercase)
        }
    }

    private static func find(_ user: Character, _ crowd: String) -> Place {
        Place.find(
            for: .user(Int(user.asciiValue ?? 0)), among: holders(crowd), limits: limits)
    }

    struct Case: Sendable {
        let user: Character
        let crowd: String
        let place: Int?
        init(_ user: Character, _ crowd: String, _ place: Int?) {
            (self.user, self.crowd, self.place) = (user, crowd, place)
        }
    }

    /// `place` is -1 for a free one, nil where there is none.
    @Test(arguments: [
        Case("a", "", -1), Case("a", "aa", -1), Case("a", "bbbcc", -1),
        // As many as one may have: the oldest own one that yields.
        Case("a", "aaa", 0), Case("a", "Aaa", 1), Case("a", "bAAa", 3), Case("a", "bAAA", nil),
        // All places taken: of who has most.
        Case("c", "abbbaa", 0), Case("d", "aabbbc", 2), Case("d", "aaBbBc", 3),
        Case("d", "BBBaac", 3),
        // Nobody gives to one who would have more than he keeps.
        Case("a", "aabbcc", 0), Case("a", "AAbbcc", nil), Case("d", "abcefg", 0),
        Case("d", "AAABBB", nil),
    ])
    func `a place is found as the rule says`(one: Case) {
        let expected: Place = one.place.map { $0 == -1 ? .free : .of($0) } ?? .missing
        #expect(Self.find(one.user, one.crowd) == expected, "\(one.user) among \(one.crowd)")
    }

    @Test func `who speaks for many has the places of many, and others keep theirs`() {
        var limits = Self.limits
        limits.shared = [.user(Int(UInt8(ascii: "p")))]
        func find(_ user: Character, _ crowd: String) -> Place {
            Place.find(
                for: .user(Int(user.asciiValue ?? 0)), among: Self.holders(crowd), limits: limits)
        }
        #expect(find("p", "ppppp") == .free && find("p", "PPPPP") == .free)
        #expect(find("p", "pppppp") == .of(0) && find("p", "PPPPPP") == .missing)
        #expect(find("a", "pppppp") == .of(0), "a newcomer takes one of the many")
        #expect(find("a", "aaapp") == .of(0), "others have the limit of one")
    }

    @Test func `whatever others do, who has no connection gets a place while one yields`() {
        // Every crowd of six of three users, each connection yielding or not.
        let letters = Array("abcABC")
        var codes = 0
        for code in 0..<46_656 {
            var (rest, crowd) = (code, "")
            for _ in 0..<6 {
                crowd.append(letters[rest % 6])
                rest /= 6
            }
            let isAny = crowd.contains(where: \.isLowercase)
            let place = Self.find("d", crowd)
            if case .of(let id) = place {
                if !Self.holders(crowd)[id].isYielding { Issue.record("\(crowd) lost \(id)") }
            } else if isAny || place == .free {
                Issue.record("\(crowd): \(place)")
            }
            codes += 1
        }
        #expect(codes == 46_656)
    }
}
