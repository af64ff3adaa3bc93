// Streams in memory and on disk are the same to whoever uses them.

import DurableIO
import Foundation
import SystemPackage
import TensorMath
import TestSupport
import Testing

@Suite struct StreamSpaceTests {
    @Test func `a stream on disk begins as zeros and holds what is written`() throws {
        let folder = try TemporaryFolder()
        let space = StreamSpace(folder: FilePath(folder.path), memoryBytesMax: 256)
        for rows in [1, 9, 1000] {
            let stream = try space.matrix(rows: rows, columns: 7)
            #expect(stream.values().allSatisfy { $0 == 0 })
            for row in 0..<rows { stream[row, row % 7] = Float(row) }
            let copy = try space.copy(stream)
            #expect(copy.values() == stream.values())
            copy[0, 0] = -1
            #expect(stream[0, 0] == 0)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test func `only what is larger than the limit lies on disk`() throws {
        // No folder there: what needs a file fails.
        let space = StreamSpace(folder: "/nowhere/at/all", memoryBytesMax: 280)
        #expect(try space.matrix(rows: 10, columns: 7).rows == 10)
        #expect(throws: SystemCallError.self) { try space.matrix(rows: 11, columns: 7) }
        #expect(space.memoryBytes(280) == 280)
        #expect(space.memoryBytes(281) == 0)
        #expect(StreamSpace.memory.memoryBytes(1 << 50) == 1 << 50)
    }

    @Test func `a full disk is told before anything is written`() throws {
        let folder = try TemporaryFolder()
        let space = StreamSpace(folder: FilePath(folder.path), memoryBytesMax: 0)
        let error = #expect(throws: SystemCallError.self) {
            try FaultPlan.$current.withValue(
                FaultPlan(.error(.noSpace), atCall: 1, among: [.allocate])
            ) {
                _ = try space.matrix(rows: 4, columns: 4)
            }
        }
        #expect(error?.errno == .noSpace)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
}
