// What is asked of the stream of events, as the query of a URL.

/// Which events, and from where on.
package struct EventQuery: Sendable, Equatable {
    /// The number of the last event that the client has seen; nil to begin now.
    package var after: Int?
    /// Only events about this job.
    package var job: String?

    package init() {}

    /// For the end of a path, with its question mark; empty where nothing is asked.
    package var text: String {
        var items: [String] = []
        if let after { items.append("after=\(after)") }
        if let job { items.append("job=\(job)") }
        return items.isEmpty ? "" : "?" + items.joined(separator: "&")
    }

    /// - Parameters:
    ///   - items: names and values, decoded.
    ///   - lastEvent: the header `Last-Event-ID`, which a client that comes back sends: it is newer
    ///     than what its address says.
    /// - Throws: `ErrorDocument` that names the item.
    package init(
        _ items: [(name: String, value: String)], lastEvent: String?
    ) throws(ErrorDocument) {
        for (name, value) in items {
            switch name {
            case "after": after = try QueryValue.number(value, of: name)
            case "job": job = value
            default: throw QueryValue.unknown(name, known: "after, job")
            }
        }
        guard let lastEvent, !lastEvent.isEmpty else { return }
        guard let number = Int(lastEvent), number >= 0 else {
            throw ErrorDocument(
                code: .refused,
                message: "`Last-Event-ID`: expected the `id` of an event, found `\(lastEvent)`")
        }
        after = number
    }
}
