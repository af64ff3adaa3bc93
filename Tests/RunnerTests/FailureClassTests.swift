// Who has to act on what a job can meet: the classes that errors of every layer state.

import Analysis
import Checkpoint
import Compression
import DurableIO
import Evaluation
import Failures
import Foundation
import Jobs
import Model
import Runner
import Store
import SystemPackage
import TensorMath
import Testing
import Texts
import Tokenizer

@Suite struct FailureClassTests {
    private static func refused(_ errno: Errno) -> SystemCallError {
        SystemCallError(.read, "/models/a.safetensors", errno)
    }

    /// What is said where a model's own file should give a tokenizer and cannot be read.
    private static func unmade(_ call: SystemCallError) throws -> TokenizerError {
        let files = SideFiles("/nonexistent", made: ["tokenizer.json": { throw call }])
        return try #require(
            #expect(throws: TokenizerError.self) { try TokenizerFolder.load(files) })
    }

    @Test("an errno has its class, bare and inside whatever wraps it")
    func wrapped() throws {
        let classes: [(Errno, FailureClass)] = [
            (.noSpace, .resource), (.diskQuotaExceeded, .resource), (.noMemory, .resource),
            (.tooManyOpenFiles, .resource), (.tooManyOpenFilesInSystem, .resource),
            (.ioError, .transient), (.interrupted, .transient), (.staleNFSFileHandle, .transient),
            (.wouldBlock, .transient), (.noSuchFileOrDirectory, .user), (.permissionDenied, .user),
        ]
        for (errno, expected) in classes {
            let call = Self.refused(errno)
            let mapped = MappedFileError.system(call: "open", path: "/models/a", errno)
            let unreadable = TokenizerError.unreadable(mapped)
            let errors: [any Error] = [
                errno, call, mapped, unreadable, StoreError.system(call),
                CheckpointError.system(call), CheckpointError.file(mapped),
                FileBatchError.system(call),
                TokenizerError.inFile(path: "/models/tokenizer.json", error: unreadable),
                try Self.unmade(call),
                CalibrationError.unreadable(
                    path: "/data/a", reason: "not readable", FailureClass(of: call)),
            ]
            for error in errors { #expect(FailureClass(of: error) == expected, "\(error)") }
        }
    }

    @Test("a full disk is told by every error that may have one behind it, and by no other")
    func fullDisk() {
        for errno in [Errno.noSpace, .diskQuotaExceeded, .noMemory, .ioError] {
            let call = SystemCallError(.write, "/state/a", errno)
            let code = POSIXErrorCode(rawValue: errno.rawValue) ?? .EIO
            let foundation = CocoaError(
                .fileWriteUnknown, userInfo: [NSUnderlyingErrorKey: POSIXError(code)])
            let errors: [any Error] = [
                errno, call, StoreError.system(call), CheckpointError.system(call),
                FileBatchError.system(call), foundation,
            ]
            let isFull = errno == .noSpace || errno == .diskQuotaExceeded
            for error in errors {
                #expect(WorkerOutcome.Failure(error).isDiskFull == isFull, "\(error)")
            }
        }
        #expect(WorkerOutcome.Failure(CocoaError(.fileWriteOutOfSpace)).isDiskFull)
        let index = StoreError.index(
            path: "/state/db", reason: "full", .resource, isDiskFull: true)
        #expect(WorkerOutcome.Failure(index).isDiskFull)
        let space = FileBatchError.spaceMissing(path: "/a", needed: 2, available: 1)
        #expect(!WorkerOutcome.Failure(space).isDiskFull)
    }

    @Test("what a model or its data cause is no fault of ours")
    func noBug() {
        let errors: [any Error] = [
            MethodError.noLoss(layers: 3), LinearAlgebraError.singular(row: 0),
            LinearAlgebraError.notFinite(routine: "syevd"),
            AnalysisError.linearAlgebra(boundary: 1, cause: .notPositiveDefinite(order: 2)),
            MatrixProductError.library(call: "dnnl_matmul", status: 3),
            CheckpointError.folder(path: "/models/a", .missing),
            EvaluationError.limitTooSmall(limit: 1),
        ]
        for error in errors { #expect(FailureClass(of: error) == .user, "\(error)") }
        let memory = MatrixProductError.library(call: "dnnl_memory_create", status: 1)
        #expect(FailureClass(of: memory) == .resource)
        let space = FileBatchError.spaceMissing(path: "/a", needed: 2, available: 1)
        #expect(FailureClass(of: space) == .resource)
    }

    @Test("Foundation's errors have the class of the errno they carry, or of their code")
    func foundation() throws {
        #expect(FailureClass(of: POSIXError(.ENOSPC)) == .resource)
        #expect(FailureClass(of: CocoaError(.fileWriteOutOfSpace)) == .resource)
        #expect(FailureClass(of: CocoaError(.fileReadNoPermission)) == .user)
        #expect(FailureClass(of: CocoaError(.coderReadCorrupt)) == .bug)
        let io = CocoaError(
            .fileReadUnknown, userInfo: [NSUnderlyingErrorKey: POSIXError(.EIO)])
        #expect(FailureClass(of: io) == .transient)
        let thrown = #expect(throws: (any Error).self) {
            try Data(contentsOf: URL(filePath: "/no/such/file"))
        }
        #expect(FailureClass(of: try #require(thrown)) == .user)
        let unreadable = #expect(throws: CalibrationError.self) {
            try CalibrationSet.readText("/no/such/file")
        }
        #expect(unreadable?.failureClass == .user)
        let failing = #expect(throws: CalibrationError.self) {
            try FaultPlan.$current.withValue(
                FaultPlan(.error(.ioError), atCall: 1, among: [.read])
            ) { try CalibrationSet.readText(#filePath) }
        }
        #expect(failing?.failureClass == .transient)
    }

    @Test("an error that states no class is a fault of ours")
    func unknown() {
        struct Foreign: Error {}
        #expect(FailureClass(of: Foreign()) == .bug)
        #expect(FailureClass(of: JobStopped()) == .transient)
    }
}
