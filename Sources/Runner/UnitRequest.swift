// What a node makes of the request of a unit. One whose program is another than the daemon's does
// nothing, since they may compute differently, and says so in a way of its own: programs are
// replaced while units wait in the queue.

import Catalogue
import Failures
import Foundation
package import Jobs

package enum UnitRequest: Sendable {
    case work(WorkerRequest, UnitPart)
    /// It is for another program; the attempt file that says so.
    case refused(UnitOutcome)

    /// nil where it is no request of a unit.
    package init?(_ bytes: [UInt8]) {
        let data = Data(bytes)
        // First: this program may not know the rest of another one's request.
        if let address = try? JSONDecoder().decode(UnitAddress.self, from: data),
            address.program != Product.version
        {
            self = .refused(Self.refusal(of: address))
            return
        }
        guard let work = try? JSONDecoder().decode(WorkerRequest.self, from: data),
            let part = work.unit
        else { return nil }
        self = .work(work, part)
    }

    private static func refusal(of address: UnitAddress) -> UnitOutcome {
        let host = ProcessInfo.processInfo.hostName
        let failure = WorkerOutcome.Failure(
            failureClass: .user,
            message: "layerfold of node \(host) is \(Product.version), and the daemon's is "
                + "\(address.program): install the same on both (`cluster: node_worker` names the "
                + "node's)")
        return UnitOutcome(
            token: address.token, result: .failed, failure: failure, seconds: 0,
            peakBytes: ResidentMemory.peakBytes(), host: host, otherProgram: Product.version)
    }
}
