// Who gets a place among the connections, and who makes room. Pure, so that tests can try crowds
// that no test of sockets could.

/// A connection as far as places go.
struct PlaceHolder: Hashable {
    let id: Int
    let party: Peer.Party
    /// Whether it may lose its place: it has not asked yet, or has its answer.
    let isYielding: Bool
}

enum Place: Hashable {
    case free
    /// After this connection has ended.
    case of(Int)
    case missing
}

extension Place {
    /// A place for another connection of a user, or of an address. Where one is missing, the oldest
    /// that still has nothing to lose makes room: of the same user where he has as many as one may
    /// have, else of the user who has most, himself first. So nobody is kept out by others, and who
    /// asks at once is not kept out by connections of his own that say nothing.
    ///
    /// - Parameter holders: the oldest first.
    static func find(
        for party: Peer.Party, among holders: [PlaceHolder], limits: HTTPLimits
    ) -> Place {
        find(
            for: party, among: holders, countMax: limits.connections,
            ownMax: limits.connections(of: party))
    }

    /// The same for any number of places.
    /// - Parameter ownMax: as many as this party may have.
    static func find(
        for party: Peer.Party, among holders: [PlaceHolder], countMax: Int, ownMax: Int
    ) -> Place {
        let own = holders.filter { $0.party == party }
        if own.count >= ownMax {
            return own.first(where: \.isYielding).map { .of($0.id) } ?? .missing
        }
        guard holders.count >= countMax else { return .free }
        let parties = Dictionary(grouping: holders, by: \.party)
        // Not from those who have less than the newcomer would have.
        let givers = parties.filter { $0.key == party || $0.value.count > own.count }.sorted {
            ($1.value.count, $0.key == party ? 0 : 1, $0.value[0].id)
                < ($0.value.count, $1.key == party ? 0 : 1, $1.value[0].id)
        }
        for (_, held) in givers {
            if let first = held.first(where: \.isYielding) { return .of(first.id) }
        }
        return .missing
    }
}
