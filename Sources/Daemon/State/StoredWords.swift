// The words of the index as the daemon knows them. The index keeps texts; here, where they enter,
// they become states, and a word of a newer daemon is refused by name, not taken for another.

package import Failures
package import Jobs
package import Store

/// What a newer daemon wrote and this one does not know.
package struct NewerFormat: ClassifiedFailure, Equatable, CustomStringConvertible {
    /// Where it stands, such as `job 01J...`.
    package let source: String
    /// What it is: `state`, `version`.
    package let field: String
    package let found: String
    package let known: [String]

    package var failureClass: FailureClass { .user }

    package var description: String {
        "\(source) has the \(field) `\(found)`, and this daemon knows "
            + "\(known.joined(separator: ", ")): a newer layerfoldd wrote it; start "
            + "that one again, or name another state folder"
    }
}

extension JobRow {
    /// - Throws: `NewerFormat` for a word that this daemon does not know.
    package func knownState() throws(NewerFormat) -> JobState {
        try known(state, as: JobState.self, field: "state", of: "job \(id)")
    }

    package func knownFailureClass() throws(NewerFormat) -> FailureClass? {
        guard let failureClass else { return nil }
        return try known(failureClass, as: FailureClass.self, field: "class", of: "job \(id)")
    }

    package func knownHold() throws(NewerFormat) -> HoldReason? {
        guard let held else { return nil }
        return try known(held, as: HoldReason.self, field: "hold", of: "job \(id)")
    }
}

extension AttemptRow {
    package func knownState() throws(NewerFormat) -> AttemptState {
        try known(state, as: AttemptState.self, field: "state", of: "attempt \(id) of job \(job)")
    }
}

private func known<Word: RawRepresentable<String> & CaseIterable>(
    _ text: String, as _: Word.Type, field: String, of source: String
) throws(NewerFormat) -> Word {
    guard let word = Word(rawValue: text) else {
        throw NewerFormat(
            source: source, field: field, found: text, known: Word.allCases.map(\.rawValue))
    }
    return word
}

extension IndexDatabase {
    /// Looks for a word that this daemon does not know.
    /// - Throws: `NewerFormat`, `StoreError`.
    func refuseNewerWords() throws {
        let job = try job(
            outsideStates: JobState.allCases.map(\.rawValue),
            classes: FailureClass.allCases.map(\.rawValue))
        if let job {
            _ = try job.knownState()
            _ = try job.knownFailureClass()
        }
        let attempt = try attempt(outsideStates: AttemptState.allCases.map(\.rawValue))
        _ = try attempt?.knownState()
    }
}
