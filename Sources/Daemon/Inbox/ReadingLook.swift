// Whether somebody may read what a manifest names, asked while the inbox waits: in little time, for
// models may lie on a disk that does not answer, and others' files shall not wait for it.

import Jobs
import Locations

actor ReadingLook {
    typealias Look = @Sendable (JobDescription, Int) async throws -> ReadingDenied?

    private let look: Look
    private let patience: @Sendable () async throws -> Void
    /// A look that has not come back: what comes meanwhile is taken without one.
    private var isLooking = false

    static let usualPatience: @Sendable () async throws -> Void = {
        try await Task.sleep(for: .seconds(2))
    }

    /// - Parameters:
    ///   - look: may take long, or never come back.
    ///   - patience: returns when it is waited for no longer.
    init(
        _ look: @escaping Look,
        patience: @escaping @Sendable () async throws -> Void = usualPatience
    ) {
        self.look = look
        self.patience = patience
    }

    /// - Returns: Nil where the user may read all of it, and where that is not known in time. The
    ///   worker looks again in any case.
    /// - Throws: `Submitters.Unknown` where it was heard in time that nobody can tell.
    func denial(of description: JobDescription, to user: Int) async throws -> ReadingDenied? {
        guard !isLooking else { return nil }
        isLooking = true
        let (answers, answer) = AsyncThrowingStream.makeStream(of: ReadingDenied.self)
        Task {
            defer { isLooking = false }
            do {
                if let denial = try await look(description, user) { answer.yield(denial) }
                answer.finish()
            } catch {
                answer.finish(throwing: error)
            }
        }
        let alarm = Task { [patience] in
            do { try await patience() } catch { return }
            answer.finish()
        }
        defer { alarm.cancel() }
        for try await denial in answers { return denial }
        return nil
    }
}
