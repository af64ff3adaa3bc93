// Which job a person means: an id, its beginning, a name, or `latest`.

import Jobs

/// What a job can be called by.
struct JobHandle: Equatable {
    let id: String
    let name: String
}

enum JobReference {
    /// Characters of an id: a ULID, which sorts by time.
    private static let idCount = 26
    /// Crockford's base 32; 128 bits leave the first character at 7 or below.
    private static let alphabet = Set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

    /// An id that needs no list to be understood; nil for anything else.
    static func whole(_ word: String) -> String? {
        let id = word.uppercased()
        let isID =
            id.utf8.count == idCount && id.allSatisfy { alphabet.contains($0) }
            && id.first.map { $0 <= "7" } ?? false
        return isID ? id : nil
    }

    /// - Parameter jobs: oldest first. Of several with one name the newest is meant.
    static func find(_ word: String, among jobs: [JobHandle]) throws -> JobHandle {
        if word == JobName.latest {
            guard let last = jobs.last else { throw Failure(.notFound, "there are no jobs yet") }
            return last
        }
        let beginning = word.uppercased()
        if let job = jobs.first(where: { $0.id == beginning }) { return job }
        if let job = jobs.last(where: { $0.name == word }) { return job }
        let matches = word.isEmpty ? [] : jobs.filter { $0.id.hasPrefix(beginning) }
        if let only = matches.first, matches.count == 1 { return only }
        guard matches.isEmpty else {
            let some = matches.suffix(3).map { "\($0.id) (\($0.name))" }.joined(separator: ", ")
            throw Failure(
                .usage,
                "`\(word)` is the beginning of \(matches.count) jobs, such as \(some): give more "
                    + "of it")
        }
        let near = Spelling.nearest(to: word, in: jobs.map(\.name))
        throw Failure(
            .notFound,
            "there is no job `\(word)`; "
                + (near.map { "did you mean `\($0)`?" }
                    ?? "give an id, its beginning, a name or `latest` (see `layerfold ls`)"))
    }

    /// Beginnings of ids that tell these jobs apart, of a length that is easy to copy.
    static func shortened(_ ids: [String]) -> [String] {
        let countMin = 10
        let count = (countMin...idCount).first { count in
            Set(ids.map { $0.prefix(count) }).count == ids.count
        }
        return ids.map { String($0.prefix(count ?? idCount)) }
    }
}
