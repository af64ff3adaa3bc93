// The connection to a worker in a unit of its own, as lines. Reading and writing block threads of
// their own, never the cooperative pool.

import Dispatch
import DurableIO
import Jobs

final class UnitConnection: Sendable {
    /// Ends when the other side is closed. Of more than `linesMax` that nobody has taken yet the
    /// oldest are dropped, be they steps or stages: lines are hints, and the last one, which says
    /// how it ended, is never the oldest. (A child's would wait in its pipe.)
    let lines: AsyncStream<[UInt8]>

    private let socket: UnixSocket
    private let writing = DispatchQueue(label: "layerfoldd.worker.write")
    private static let linesMax = 1_024
    private static let pieceByteCount = 65_536

    init(_ socket: UnixSocket) {
        self.socket = socket
        let (lines, continuation) = AsyncStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingNewest(Self.linesMax))
        self.lines = lines
        DispatchQueue(label: "layerfoldd.worker.read").async {
            var splitter = LineSplitter(bytesMax: ProgressLine.bytesMax)
            while let bytes = try? socket.receive(bytesMax: Self.pieceByteCount), !bytes.isEmpty {
                for line in splitter.append(bytes) { continuation.yield(line) }
            }
            continuation.finish()
        }
    }

    /// A worker that is gone cannot take it; the end of the lines says more.
    func send(_ bytes: [UInt8]) {
        writing.async { [socket] in try? socket.send(bytes) }
    }

    func close() {
        socket.shutDown()
    }
}
