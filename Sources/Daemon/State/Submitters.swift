// People as jobs are held against their rights: with the groups of this moment.

import Failures
import Jobs

struct Submitters: Sendable {
    /// What somebody may read cannot be found out now. That is not to be taken for a right that
    /// she lacks: nobody's rights are guessed.
    struct Unknown: ClassifiedFailure, Equatable, CustomStringConvertible {
        let user: Int
        let reason: String

        var failureClass: FailureClass { .transient }
        var description: String {
            "what user \(user) may read cannot be found out now: \(reason)"
        }
    }

    private let desk: DirectoryDesk

    init(_ directory: Directory) { desk = DirectoryDesk(directory) }

    /// A user with the groups of this moment.
    /// - Throws: `Unknown`, `CancellationError`.
    func find(_ user: Int) async throws -> Submitter {
        do {
            let groups = try await desk.groups(of: UInt32(clamping: user))
            return Submitter(user: user, groups: groups.map(Int.init).sorted())
        } catch let error as CancellationError {
            throw error
        } catch {
            throw Unknown(user: user, reason: FaultText.describe(error))
        }
    }
}
