// What a submission names is looked for before the job waits. On a thread of its own: models may
// lie on a file system that answers late, and neither queue nor other requests shall wait for it.

import Failures
import Foundation
import Jobs
import Locations

actor SubmissionCheck {
    private let live: LiveConfiguration
    private nonisolated let submitters: Submitters
    private var configuration: DaemonConfiguration { live.current }
    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.submissions")

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    init(_ settings: LiveConfiguration) {
        live = settings
        submitters = Submitters(settings.current.directory)
    }

    /// Names of models below the roots, for a user who chooses one; not all where there are many.
    func models(for user: Int) async -> [String] {
        guard let submitter = try? await submitters.find(user) else { return [] }
        return ModelLocator(roots: configuration.modelRoots).suggestions(for: submitter)
    }

    /// Whether a user lacks the right to read something that a job names, as far as that is seen
    /// now: what cannot be found or looked at is the worker's to tell.
    /// - Throws: `Submitters.Unknown`, `CancellationError`.
    func denial(of description: JobDescription, to user: Int) async throws -> ReadingDenied? {
        let submitter = try await submitters.find(user)
        do {
            try configuration.preflight.checkReading(description, for: submitter)
            return nil
        } catch {
            return error as? ReadingDenied
        }
    }

    /// Why nobody can tell at present what a user may read; nil where somebody can. Not behind
    /// what is looked for here: that may hang on a disk.
    nonisolated func trouble(with user: Int) async -> String? {
        do { _ = try await submitters.find(user) } catch let error as Submitters.Unknown {
            return error.description
        } catch {}
        return nil
    }

    /// What the manifest asks for, once all that it names was found.
    /// - Parameter user: who must be allowed to read it. Default: the daemon's user.
    /// - Throws: `ManifestError`, or an `ErrorDocument` that says what is not there, or is not for
    ///   this user.
    func description(
        of manifest: Data, name: String, by user: Int? = nil
    ) async throws -> JobDescription {
        let description = try ManifestParser.parse(
            bytes: manifest, name: name, paths: configuration.pathRule,
            notify: configuration.notifyRule)
        guard description.runOn != .slurm || configuration.cluster != nil else {
            throw ErrorDocument(
                code: .refused,
                message:
                    "`run_on: slurm`, and this server has no cluster: take the key out, or ask "
                    + "an administrator for `cluster` in the settings")
        }
        let submitter = try await submitter(user)
        do {
            try configuration.preflight.check(description, for: submitter)
        } catch {
            let isRefused =
                if case .outside? = error as? PathError { true } else {
                    error is PreflightError || error is ReadingDenied
                }
            throw ErrorDocument(
                code: isRefused ? .refused : .notFound, message: FaultText.describe(error))
        }
        return description
    }

    private func submitter(_ user: Int?) async throws -> Submitter? {
        guard let user else { return nil }
        do { return try await submitters.find(user) } catch let error as Submitters.Unknown {
            throw ErrorDocument(code: .unavailable, message: error.description)
        }
    }
}
