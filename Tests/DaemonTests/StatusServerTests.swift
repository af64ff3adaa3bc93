// The API over the socket: what it answers, and what it refuses.

import Client
import Daemon
import DurableIO
import Failures
import Foundation
import Glibc
import Jobs
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: TestDaemon.isBuilt, "layerfoldd is not built"))
struct StatusServerTests {
    private func refusal(_ body: () throws -> Void) -> ErrorDocument? {
        do {
            try body()
            return nil
        } catch DaemonClient.ClientError.refused(let document) {
            return document
        } catch {
            Issue.record("\(error)")
            return nil
        }
    }

    @Test func `a submission is answered with its identifier, or with what is wrong`() async throws
    {
        let daemon = try TestDaemon()
        try await daemon.start()
        let id = try daemon.submit("ok-s")
        #expect(JobIdentifier.isValid(id))
        try await daemon.wait(for: "ok-s", .done)
        let bad = refusal {
            _ = try daemon.client.submit(manifest: Data("version: 1\nmodle: m\n".utf8), name: "x")
        }
        #expect(bad?.code == .manifest)
        #expect(bad?.manifestError?.line == 2)
        #expect(bad?.manifestError?.hint == "did you mean `model`?")
        let large = refusal {
            let bytes = Data(repeating: 0x23, count: 2_000_000)
            _ = try daemon.client.submit(manifest: bytes, name: "x")
        }
        #expect(large?.code == .tooLarge)
        let text = "{version: 1, model: demo, compress: [{method: reverse, ratios: [0.5]}]}"
        let named = try daemon.client.submit(manifest: Data(text.utf8), name: "ok-named")
        #expect(try daemon.client.job(named.id).summary.name == "ok-named")
        let unnamed = refusal {
            _ = try daemon.client.submit(manifest: Data(text.utf8), name: "a b")
        }
        #expect(unnamed?.code == .manifest)
    }

    @Test func `what a submission names is looked for before it waits`() async throws {
        let daemon = try TestDaemon()
        try Syscalls.makeFolders(daemon.state.appending("data"))
        try await daemon.start()
        func message(_ text: String) -> (ErrorDocument.Code?, String) {
            let document = refusal {
                _ = try daemon.client.submit(manifest: Data(text.utf8), name: "x")
            }
            return (document?.code, document?.message ?? "")
        }
        let model = message("{version: 1, model: no, compress: [{method: reverse, ratios: [0.5]}]}")
        #expect(model.0 == .notFound)
        #expect(model.1.contains("models/no"))
        let data = message(
            "{version: 1, model: demo, compress: [{method: reverse, ratios: [0.5]}], "
                + "evaluate: [{task: perplexity, path: no.txt}]}")
        #expect(data.0 == .notFound)
        #expect(data.1.contains("data/no.txt"))
        #expect(try daemon.client.jobs().jobs.isEmpty)
    }

    @Test func `unknown jobs and routes are not found`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        for id in [JobIdentifier.make(now: 1), "x", "../../etc/passwd"] {
            #expect(refusal { _ = try daemon.client.job(id) }?.code == .notFound, "\(id)")
            #expect(refusal { _ = try daemon.client.cancel(id) }?.code == .notFound)
            #expect(refusal { _ = try daemon.client.progress(of: id) }?.code == .notFound)
        }
    }

    @Test func `the status tells what the server is and does`() async throws {
        let daemon = try TestDaemon()
        daemon.arguments = ["--model-root", "/usr", "--data-root", "/etc"]
        try await daemon.start()
        try daemon.drop("gate-s")
        let id = try await daemon.wait(for: "gate-s", .running).id
        let status = try daemon.client.status()
        #expect(status.running == id)
        #expect(status.modelRoots == ["/usr"])
        #expect(status.jobs["running"] == 1)
        #expect(status.jobs.count == JobState.allCases.count)
        #expect(!status.isStopping && status.degraded == nil)
        #expect(
            await eventually {
                try daemon.client.progress(of: id).last == .stageStarted(stage: "wait")
            })
    }

    @Test func `nonsense on the socket does not harm`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        let socket = daemon.state.appending("run/layerfoldd.sock").string
        for text in [
            "\r\n\r\n", "GET\r\n\r\n", "\u{0}\u{1}",
            "POST /v1/jobs HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "GET / HTTP/1.1\r\n",
        ] {
            let descriptor = try connect(to: socket)
            _ = unsafe text.withCString {
                unsafe send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL))
            }
            close(descriptor)
        }
        // Clients that connect and say nothing: more than one user may have.
        let silent = try (0..<300).map { _ in try connect(to: socket) }
        #expect(try daemon.client.status().process > 0)
        silent.forEach { close($0) }
        try daemon.drop("ok-n")
        try await daemon.wait(for: "ok-n", .done)
    }

    private func connect(to path: String) throws -> CInt {
        let address = try #require(UnixAddress(path: path))
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let result = unsafe address.lend { unsafe Glibc.connect(descriptor, $0, $1) }
        try #require(result == 0)
        return descriptor
    }

    @Test(arguments: [true, false])
    func `a daemon that ends without an answer is no other program`(reads: Bool) throws {
        let folder = try TestFolder()
        let path = folder.file("closing.sock").string
        let address = try #require(UnixAddress(path: path))
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        let result = unsafe address.lend { unsafe bind(listener, $0, $1) }
        try #require(result == 0 && listen(listener, 2) == 0)
        let requests: [(DaemonClient) throws -> Void] = [
            { _ = try $0.cancel("x") }, { _ = try $0.events() },
        ]
        Thread.detachNewThread { [count = requests.count] in
            for _ in 0..<count {
                let connection = accept(listener, nil, nil)
                var buffer = [UInt8](repeating: 0, count: 4_096)
                if reads { _ = unsafe recv(connection, &buffer, buffer.count, 0) }
                close(connection)
            }
        }
        for request in requests {
            do {
                try request(DaemonClient(socket: path))
                Issue.record("somebody answered")
            } catch {
                #expect("\(error)".contains("without an answer"), "\(error)")
                #expect((error as? any ClassifiedFailure)?.failureClass == .transient)
            }
        }
    }

    @Test func `a client without a daemon is told so`() throws {
        let folder = try TestFolder()
        let client = DaemonClient(socket: folder.file("none.sock").string)
        do {
            _ = try client.status()
            Issue.record("somebody answered")
        } catch {
            #expect("\(error)".contains("cannot be reached"), "\(error)")
        }
    }
}
