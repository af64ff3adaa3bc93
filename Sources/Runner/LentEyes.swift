// The worker reads for whoever submitted the job. Before the first stage all that the job names is
// held against that person's rights; from then on, every file that is opened.

import DurableIO
import Jobs
import Locations
import SystemPackage

struct LentEyes {
    private let submitter: Submitter?
    private let description: JobDescription
    private let modelRoots: [FilePath]
    private let dataRoots: [FilePath]
    private let state: FilePath

    init(_ request: WorkerRequest) {
        submitter = request.submitter
        description = request.description
        modelRoots = request.modelRoots.map { FilePath($0) }
        dataRoots = request.dataRoots.map { FilePath($0) }
        state = FilePath(request.stateDirectory)
    }

    init(_ request: ForecastRequest) {
        submitter = request.submitter
        description = request.description
        modelRoots = request.modelRoots.map { FilePath($0) }
        dataRoots = request.dataRoots.map { FilePath($0) }
        state = FilePath(request.stateDirectory)
    }

    /// To be called once in a process, before a file of the job is read.
    /// - Throws: `ReadingDenied`, and what says that something named is not there.
    func take() throws {
        guard let submitter else { return }
        try Preflight(
            models: ModelLocator(roots: modelRoots), data: .below(dataRoots), results: state
        ).checkReading(description, for: submitter)
        let own = ["store", "results", "jobs", "db"].map { state.appending($0) }
        ReadGuard.install(
            ReadGuard(
                for: FileReader(submitter), below: Self.withRealPaths(modelRoots + dataRoots),
                except: Self.withRealPaths(own)))
    }

    /// A folder may be named by a link.
    private static func withRealPaths(_ folders: [FilePath]) -> [FilePath] {
        folders + folders.compactMap(RealPath.of)
    }
}
