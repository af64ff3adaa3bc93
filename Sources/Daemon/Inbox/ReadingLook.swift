// Whether somebody may read what a manifest names, asked while the inbox waits: in little time, for
// models may lie on a disk that does not answer, and others' files shall not wait for it.

import Jobs
import Locations

actor ReadingLook {
    private let submissions: SubmissionCheck
    /// A look that has not come back: what comes meanwhile is taken without one.
    private var isLooking = false

    private static let timeMax = Duration.seconds(2)

    init(_ settings: LiveConfiguration) {
        submissions = SubmissionCheck(settings)
    }

    /// - Returns: Nil where the user may read all of it, and where that is not known in time. The
    ///   worker looks again in any case.
    func denial(of description: JobDescription, to user: Int) async -> ReadingDenied? {
        guard !isLooking else { return nil }
        isLooking = true
        let (answers, answer) = AsyncStream.makeStream(of: ReadingDenied.self)
        Task {
            if let denial = await submissions.denial(of: description, to: user) {
                answer.yield(denial)
            }
            isLooking = false
            answer.finish()
        }
        let alarm = Task {
            do { try await Task.sleep(for: Self.timeMax) } catch { return }
            answer.finish()
        }
        defer { alarm.cancel() }
        for await denial in answers { return denial }
        return nil
    }
}
