// The worker reads nothing for people that they may not read themselves.

import DurableIO
import Failures
import Foundation
import Jobs
import Runner
import SystemPackage
import TestSupport
import Testing

@Suite struct LentEyesTests {
    @Test func `a model that only the worker's user may read fails the job before it begins`()
        throws
    {
        let folder = try TemporaryFolder()
        let models = folder.url.appending(path: "models")
        try FileManager.default.createDirectory(at: models, withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: Places.demoModel, to: models.appending(path: "demo"))
        for path in [folder.url, models, models.appending(path: "demo")] {
            try Syscalls.chmod(FilePath(path.path), 0o755)
        }
        let weights = FilePath(models.appending(path: "demo/config.json").path)
        try Syscalls.chmod(weights, 0o600)
        let job = folder.url.appending(path: "job")
        try FileManager.default.createDirectory(at: job, withIntermediateDirectories: true)
        let manifest = "{version: 1, model: demo, compress: [{method: reverse, ratios: [0.5]}]}"
        let request = WorkerRequest(
            job: "J", attempt: "A", stateDirectory: folder.path + "/state",
            jobDirectory: job.path, modelRoots: [models.path], dataRoots: [],
            resultsDirectory: folder.path + "/results",
            description: try ManifestParser.parse(bytes: Data(manifest.utf8), name: "x"),
            submitter: Submitter(user: 4_242, groups: []))
        #expect(try Worker(request, emit: { _ in }, stop: {}).run() == .failed)
        let outcome = try JSONDecoder().decode(
            WorkerOutcome.self,
            from: try Data(contentsOf: job.appending(path: WorkerOutcome.fileName)))
        #expect(outcome.failure?.failureClass == .user)
        #expect(outcome.failure?.message.contains("config.json") == true)
        #expect(outcome.failure?.message.contains("user 4242") == true)
        // Nothing of it was read, let alone kept.
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/state/store"))
    }
}
