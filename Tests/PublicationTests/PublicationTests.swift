// Results appear whole, with the digests of all their files, or not at all.

import DurableIO
import Foundation
import Glibc
import Publication
import SystemPackage
import TestSupport
import Testing

@Suite struct PublicationTests {
    @Test func `DONE lists every file with its digest`() throws {
        let results = try ResultFolder()
        let folder = try results.published()
        #expect(try !results.exists(results.partial))
        guard case .files(let files)? = try Publication(folder).done() else {
            Issue.record("no list")
            return
        }
        #expect(files.map(\.path) == ResultFolder.files.keys.sorted())
        // printf '{}' | sha256sum
        #expect(
            files.first { $0.path == "report.json" }?.sha256
                == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
        #expect(files.first { $0.path == "report.json" }?.byteCount == 2)
        #expect(try ResultCheck.run(folder).isSound)
    }

    @Test func `digests that are known are not taken again`() throws {
        let results = try ResultFolder()
        let digest = String(repeating: "a", count: 64)
        try Publication.leave(
            [ResultFile(path: "run.log", byteCount: 8, sha256: digest)], in: results.partial)
        _ = try Publication(results.final).place(
            results.partial, known: [ResultFile(path: "report.json", byteCount: 2, sha256: digest)])
        guard case .files(let files)? = try Publication(results.final).done() else {
            Issue.record("no list")
            return
        }
        #expect(files.filter { $0.sha256 == digest }.map(\.path) == ["report.json", "run.log"])
        #expect(try !results.exists(results.final.appending(Publication.digestsName)))
    }

    @Test func `a file that is not as it was when it was written is told`() throws {
        let results = try ResultFolder()
        let digest = String(repeating: "a", count: 64)
        #expect(throws: PublicationError.self) {
            try Publication(results.final).place(
                results.partial,
                known: [ResultFile(path: "report.json", byteCount: 3, sha256: digest)])
        }
        #expect(try !results.exists(results.final))
    }

    @Test func `a link among results is refused, so that nothing else is listed by it`() throws {
        let results = try ResultFolder()
        try FileManager.default.createSymbolicLink(
            atPath: results.partial.appending("x").string, withDestinationPath: "/etc/passwd")
        #expect(throws: PublicationError.self) {
            try Publication(results.final).place(results.partial)
        }
        #expect(try !results.exists(results.final))
    }

    @Test func `a name that is taken stays what it is`() throws {
        let results = try ResultFolder()
        try Syscalls.makeFolders(results.final)
        try results.write("mine", results.final.appending("note"))
        let error = #expect(throws: SystemCallError.self) { try results.published() }
        #expect(error?.errno == .fileExists)
        #expect(try ResultTree.entries(of: results.final).map(\.path) == ["note"])
        #expect(try results.exists(results.partial.appending("report.json")))
    }

    @Test func `whoever sees the name sees whole results, wherever publishing ends`() throws {
        let results = try ResultFolder()
        var number = 0
        var fired = true
        while fired {
            number += 1
            if try results.exists(results.final) {
                try FileManager.default.removeItem(atPath: results.final.string)
            }
            try results.refill()
            let plan = FaultPlan(.death, atCall: number)
            FaultPlan.$current.withValue(plan) { _ = try? results.published() }
            fired = plan.hasFired
            if try results.exists(results.final) {
                #expect(try ResultCheck.run(results.final).isSound, "call \(number)")
            } else {
                _ = try results.published()
                #expect(try ResultCheck.run(results.final).isSound, "after call \(number)")
            }
        }
        #expect(number > 40, "the sweep met every call")
    }

    @Test func `results of an earlier version that were named and not finished are completed`()
        throws
    {
        let results = try ResultFolder()
        try Syscalls.rename(results.partial, to: results.final)
        #expect(throws: DoneFault.missing(folder: results.final.string)) {
            try ResultCheck.run(results.final)
        }
        try Publication(results.final).finish()
        #expect(try ResultCheck.run(results.final).isSound)
    }

    @Test func `the owner gets all rights to folders and reads files, others what was said`()
        throws
    {
        let results = try ResultFolder()
        let access = ResultAccess(owner: 4_242, groupReads: false)
        guard try Publication(results.final).place(results.partial, access: access) else {
            // This file system keeps no lists: the folder is the daemon's alone.
            #expect(try Syscalls.stat(results.final)?.permissions == 0o700)
            return
        }
        let alice = FileReader(user: 4_242, groups: [])
        let member = FileReader(user: 4_243, groups: [results.group])
        for name in ["", "mka-r0.25", "report.json", "DONE", "mka-r0.25/model.safetensors"] {
            let path = name.isEmpty ? results.final : results.final.appending(name)
            let status = try #require(try Syscalls.stat(path))
            let list = try #require(try Syscalls.accessList(path), "\(name)")
            func may(_ rights: AccessList.Rights, _ reader: FileReader) -> Bool {
                list.allows(rights, to: reader, owner: status.owner, group: status.group)
            }
            #expect(may(.read, alice))
            #expect(may(.all, alice) == (status.kind == .folder), "\(name)")
            #expect(!may(.read, member), "private results are not the group's")
        }
        let open = ResultAccess(owner: 4_242, groupReads: true)
        #expect(open.files.group == .read)
        #expect(open.folders.group == [.read, .search])
    }

    @Test func `what an owner makes among her results can be removed with them`() throws {
        let results = try ResultFolder()
        let access = ResultAccess(owner: 4_242, groupReads: false)
        guard try Publication(results.final).place(results.partial, access: access) else { return }
        for name in ["analysis", "mka-r0.25/plots"] {
            let made = results.final.appending(name)
            try Syscalls.makeFolders(made.appending("inner"), mode: 0o777)
            for folder in [made, made.appending("inner")] {
                let list = try #require(try Syscalls.accessList(folder), "\(folder)")
                // Somebody else's, as the kernel judges it.
                let allows = list.allows(
                    .all, to: FileReader(user: geteuid(), groups: []), owner: 4_242, group: 1)
                // Root lacks no right anyway.
                #expect(allows && list.users[geteuid()] == .all && list.mask == .all)
                #expect(list.others == [] && list.group == [])
            }
        }
    }

    @Test func `a link in the place of a user's folder leads nowhere`() throws {
        let results = try ResultFolder()
        let home = FilePath(results.folder.path).appending("4242")
        try Syscalls.makeFolders(FilePath(results.folder.path).appending("elsewhere"))
        try FileManager.default.createSymbolicLink(
            atPath: home.string, withDestinationPath: "elsewhere")
        let error = #expect(throws: SystemCallError.self) {
            try ResultAccess(owner: 4_242, groupReads: true).prepareHome(home)
        }
        #expect(error?.errno == .notDirectory)
    }
}

extension ResultFolder {
    fileprivate var group: UInt32 { ((try? Syscalls.stat(final)) ?? nil)?.group ?? 0 }
}
