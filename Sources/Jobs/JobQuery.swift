// What is asked of the list of jobs and of the audit log, as the query of a URL: one type for who
// asks and who answers.

import Failures

/// Which jobs, and how many at once.
package struct JobQuery: Sendable, Equatable {
    package enum Order: String, Sendable, CaseIterable {
        /// Those that run, those that wait, then those that have ended, the latest first.
        case standing
        /// The newest first, whatever became of them.
        case submitted
    }

    /// The most that one answer has.
    package static let limitMax = 1_000

    package var limit = JobQuery.limitMax
    /// `next` of the answer before.
    package var after: JobCursor?
    /// Empty for all.
    package var states: [JobState] = []
    /// Only jobs of this user.
    package var user: Int?
    /// Only jobs whose model's name has this in it; ASCII letters of either case are alike.
    package var model: String?
    /// Only jobs whose name, identifier or reason has this in it.
    package var words: String?
    package var order = Order.standing

    package init() {}

    /// For the end of a path, with its question mark; empty where nothing is asked.
    package var text: String {
        var items: [String] = []
        if limit != Self.limitMax { items.append("limit=\(limit)") }
        if let after { items.append("after=\(after.text)") }
        if !states.isEmpty {
            items.append("state=" + states.map(\.rawValue).joined(separator: ","))
        }
        if let user { items.append("user=\(user)") }
        if let model { items.append("model=\(QueryValue.encoded(model))") }
        if let words { items.append("text=\(QueryValue.encoded(words))") }
        if order != .standing { items.append("order=\(order.rawValue)") }
        return items.isEmpty ? "" : "?" + items.joined(separator: "&")
    }

    /// - Parameter items: names and values, decoded.
    /// - Throws: `ErrorDocument` that names the item.
    package init(_ items: [(name: String, value: String)]) throws(ErrorDocument) {
        for (name, value) in items {
            switch name {
            case "limit":
                limit = min(
                    try QueryValue.positive(value, of: name), Self.limitMax)
            case "after":
                guard let cursor = JobCursor(value) else {
                    throw QueryValue.wrong(name, value, "`next` of an earlier answer")
                }
                after = cursor
            case "state":
                let words = value.split(separator: ",").map(String.init)
                states = words.compactMap(JobState.init(rawValue:))
                guard states.count == words.count, !words.isEmpty else {
                    let known = JobState.allCases.map(\.rawValue).joined(separator: ", ")
                    throw QueryValue.wrong(name, value, "states of \(known)")
                }
            case "user": user = try QueryValue.number(value, of: name)
            case "model": model = try QueryValue.piece(value, of: name)
            case "text": words = try QueryValue.piece(value, of: name)
            case "order":
                guard let order = Order(rawValue: value) else {
                    throw QueryValue.wrong(
                        name, value,
                        Order.allCases.map(\.rawValue).joined(separator: " or "))
                }
                self.order = order
            default:
                throw QueryValue.unknown(
                    name, known: "limit, after, state, user, model, text, order")
            }
        }
    }
}

/// A place in the list of jobs: behind the job with this standing and number.
package struct JobCursor: Sendable, Hashable, Comparable {
    /// 0 for jobs that run, 1 for those that wait, 2 for those that have ended; 3 where the order
    /// is that of submission.
    package let standing: Int
    package let sequence: Int

    package static let submitted = 3

    package init(standing: Int, sequence: Int) {
        self.standing = standing
        self.sequence = sequence
    }

    /// - Parameter text: `next` of an answer; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let standing = parts[0], let sequence = parts[1],
            (0...Self.submitted).contains(standing), sequence >= 0
        else { return nil }
        self.init(standing: standing, sequence: sequence)
    }

    package var text: String { "\(standing)-\(sequence)" }

    /// Jobs that are not finished come in the order of their arrival, others the newest first.
    package static func < (one: JobCursor, other: JobCursor) -> Bool {
        guard one.standing == other.standing else { return one.standing < other.standing }
        return one.standing < 2 ? one.sequence < other.sequence : one.sequence > other.sequence
    }
}

extension JobState {
    /// Place among the groups of a list: what runs, what waits, what has ended.
    package var standing: Int {
        switch self {
        case .running, .publishing, .cancelling: 0
        case .done, .failed, .cancelled: 2
        default: 1
        }
    }
}

/// Which events of the audit log.
package struct AuditQuery: Sendable, Equatable {
    package static let limitMax = 1_000

    package var limit = AuditQuery.limitMax
    /// `next` of the answer before.
    package var after: Int?
    package var job: String?
    package var user: Int?

    package init() {}

    package var text: String {
        var items: [String] = []
        if limit != Self.limitMax { items.append("limit=\(limit)") }
        if let after { items.append("after=\(after)") }
        if let job { items.append("job=\(job)") }
        if let user { items.append("user=\(user)") }
        return items.isEmpty ? "" : "?" + items.joined(separator: "&")
    }

    /// - Throws: `ErrorDocument` that names the item.
    package init(_ items: [(name: String, value: String)]) throws(ErrorDocument) {
        for (name, value) in items {
            switch name {
            case "limit": limit = min(try QueryValue.positive(value, of: name), Self.limitMax)
            case "after": after = try QueryValue.number(value, of: name)
            case "job": job = value
            case "user": user = try QueryValue.number(value, of: name)
            default: throw QueryValue.unknown(name, known: "limit, after, job, user")
            }
        }
    }
}

/// Values of a query, and what is said where they make no sense.
enum QueryValue {
    static func number(_ text: String, of name: String) throws(ErrorDocument) -> Int {
        guard let number = Int(text), number >= 0 else { throw wrong(name, text, "a number") }
        return number
    }

    static func positive(_ text: String, of name: String) throws(ErrorDocument) -> Int {
        guard let number = Int(text), number > 0 else { throw wrong(name, text, "1 or more") }
        return number
    }

    /// A piece of text to look for; nil for an empty one.
    static func piece(_ text: String, of name: String) throws(ErrorDocument) -> String? {
        let bytesMax = 200
        guard text.utf8.count <= bytesMax else {
            throw ErrorDocument(
                code: .refused,
                message: "`\(name)` in the query has \(text.utf8.count) bytes: expected at most "
                    + "\(bytesMax)")
        }
        return text.isEmpty ? nil : text
    }

    /// Letters, digits and few signs stay; all else as %XX.
    static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                return String(UnicodeScalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                return "%" + (byte < 16 ? "0" : "") + digits
            }
        }.joined()
    }

    static func wrong(_ name: String, _ value: String, _ expected: String) -> ErrorDocument {
        ErrorDocument(
            code: .refused,
            message: "`\(name)` in the query: expected \(expected), found `\(value)`")
    }

    static func unknown(_ name: String, known: String) -> ErrorDocument {
        ErrorDocument(code: .refused, message: "`\(name)` in the query: expected one of \(known)")
    }
}
