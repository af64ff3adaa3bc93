// Which jobs a list shows, as it stands in the address and in the form above the list.

package import Jobs

package struct JobFilter: Sendable, Hashable {
    /// States that people ask for together.
    static let groups: [(word: String, title: String, states: [JobState])] = [
        ("running", "what runs", [.running, .publishing, .cancelling]),
        ("waiting", "what waits", [.queued, .held]),
        ("ended", "what has ended", [.done, .failed, .cancelled]),
    ]

    /// A word for a group, or states separated by commas; empty for all.
    package var state = ""
    /// A name or a number; empty for all.
    package var owner = ""
    package var model = ""
    package var words = ""
    /// Where the list goes on.
    package var after: String?

    package init() {}

    /// - Parameter items: names and values of the address; what is not known is passed over, so
    ///   that an address lives longer than a version.
    package init(_ items: [(name: String, value: String)]) {
        for (name, value) in items {
            let value = String(value.drop { $0 == " " }.prefix(Self.textMax))
            switch name {
            case "state": state = value
            case "owner": owner = value
            case "model": model = value
            case "text": words = value
            case "after": after = value.isEmpty ? nil : value
            default: break
            }
        }
    }

    private static let textMax = 100

    package var isEmpty: Bool { self == JobFilter() }

    /// - Throws: `ErrorDocument` for a state that there is not.
    package func query(owner: Int?, limit: Int) throws(ErrorDocument) -> JobQuery {
        var items = [(name: "limit", value: String(limit))]
        if !state.isEmpty {
            // `running` alone is what has a worker, and what becomes of it.
            let group = Self.groups.first { $0.word == state }
            let states = group.map { $0.states.map(\.rawValue).joined(separator: ",") }
            items.append((name: "state", value: states ?? state))
        }
        if let after { items.append((name: "after", value: after)) }
        items += [(name: "model", value: model), (name: "text", value: words)]
        var query = try JobQuery(items)
        query.user = owner
        return query
    }

    /// The address of the list.
    package func path() -> String {
        var items: [(name: String, value: String)] = []
        for (name, value) in [
            ("state", state), ("owner", owner), ("model", model), ("text", words),
            ("after", after ?? ""),
        ] where !value.isEmpty { items.append((name, value)) }
        return "/jobs" + Address.query(items)
    }
}
