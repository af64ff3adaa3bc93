// A queue of other machines that is a folder and a script: it runs units as processes, and lies
// when it is told to.

import Daemon
import Foundation
import Glibc
import Jobs
import SystemPackage

final class FakeSlurm {
    let folder: TestFolder
    var program: FilePath { folder.file("slurm") }
    /// `layerfold` of daemon and nodes.
    var worker: FilePath { folder.file("node-worker") }

    init() throws {
        folder = try TestFolder()
        try FileManager.default.createDirectory(
            atPath: folder.file("jobs").string, withIntermediateDirectories: true)
        for (text, file) in [(Self.queueScript, program), (Self.workerScript, worker)] {
            try folder.write(text, to: file)
            _ = unsafe Glibc.chmod(file.string, 0o755)
        }
    }

    /// The process that plans a job named `plan-hang...`; nil before it began.
    var planner: Int32? {
        Int32(
            TestFolder.text(folder.file("planner")).trimmingCharacters(
                in: .whitespacesAndNewlines))
    }

    deinit {
        if let planner { Glibc.kill(planner, SIGKILL) }
        for id in TestFolder.names(in: folder.file("jobs")) {
            let text = TestFolder.text(folder.file("jobs").appending(id).appending("process"))
            if let process = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)) {
                Glibc.kill(-process, SIGKILL)
            }
        }
    }

    var settings: ClusterSettings {
        var settings = ClusterSettings()
        settings.commands.submit = [program.string, "submit"]
        settings.commands.list = [program.string, "list"]
        settings.commands.limits = [program.string, "limits"]
        settings.commands.cancel = [program.string, "cancel"]
        return settings
    }

    /// For a daemon that sends to it.
    func configure(_ configuration: inout DaemonConfiguration) {
        configuration.worker = worker
        configuration.cluster = settings
        configuration.limits.clusterSlots = 4
    }

    func say(_ word: String) throws { try folder.write("", to: folder.file(word)) }

    /// Tokens of units that began to run, in order.
    var tokens: [String] {
        TestFolder.text(folder.file("units.log")).split(separator: "\n").map(String.init)
    }

    /// `m1-1`: units and tries that began to run.
    var units: [String] {
        tokens.compactMap { token in
            let parts = token.split(separator: "-", maxSplits: 2)
            return parts.count == 3 ? String(parts[2]) : nil
        }
    }

    /// Minutes that were asked for by tries of a unit, in order.
    func minutes(of unit: String) -> [Int?] {
        TestFolder.text(folder.file("times.log")).split(separator: "\n").filter {
            $0.contains("-\(unit)-")
        }.map { $0.split(separator: " ").last.flatMap { Int($0) } }
    }

    /// Words about submissions, by identifier.
    var states: [String: String] {
        let all = TestFolder.names(in: folder.file("jobs")).map { id in
            let text = TestFolder.text(folder.file("jobs").appending(id).appending("state"))
            return (id, text.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        return Dictionary(uniqueKeysWithValues: all)
    }

    /// Lies are files beside the script, used up when they are told: `lost-answer` of a submission
    /// that is taken all the same, `empty-list`, `failing-list`.
    private static let queueScript = #"""
        #!/bin/sh
        here=$(dirname "$0")
        verb=$1
        shift
        lie() { rm "$here/$1" 2>/dev/null; }
        state() { printf '%s\n' "$2" >"$here/jobs/$1/.state"; mv "$here/jobs/$1/.state" "$here/jobs/$1/state"; }
        case "$verb" in
            submit)
                id=1
                while ! mkdir "$here/jobs/$id" 2>/dev/null; do id=$((id + 1)); done
                time=
                for word in "$@"; do
                    case "$word" in
                        --job-name=*) name=${word#--job-name=} ;;
                        --time=*) time=${word#--time=} ;;
                    esac
                done
                printf '%s\n' "$name" >"$here/jobs/$id/name"
                printf '%s %s\n' "$name" "$time" >>"$here/times.log"
                cat >"$here/jobs/$id/script"
                state "$id" RUNNING
                setsid sh -c '
                    echo $$ >"$1/jobs/$2/process"
                    sh "$1/jobs/$2/script" >"$1/jobs/$2/log" 2>&1
                    code=$?
                    word=FAILED
                    [ $code = 0 ] && word=COMPLETED
                    [ -e "$1/end-$3" ] && word=$(cat "$1/end-$3")
                    grep -q CANCELLED "$1/jobs/$2/state" && exit
                    printf "%s\n" "$word" >"$1/jobs/$2/state"
                ' sh "$here" "$id" "$name" </dev/null >/dev/null 2>&1 &
                if lie lost-answer; then
                    echo 'Batch job submission failed: Socket timed out on send/recv' >&2
                    exit 1
                fi
                echo "$id" ;;
            list)
                if lie empty-list; then exit 0; fi
                if lie failing-list; then echo 'slurm_load_jobs error' >&2; exit 1; fi
                echo 'JOBID|NAME|STATE|REASON'
                for job in "$here"/jobs/*; do
                    [ -e "$job/state" ] || continue
                    echo "$(basename "$job")|$(cat "$job/name")|$(cat "$job/state")|None"
                done ;;
            limits) cat "$here/limits" 2>/dev/null || echo 'long*|1:00:00|infinite' ;;
            cancel)
                for id in "$@"; do
                    grep -q RUNNING "$here/jobs/$id/state" || continue
                    state "$id" CANCELLED
                    kill -KILL -"$(cat "$here/jobs/$id/process")" 2>/dev/null
                done
                exit 0 ;;
        esac

        """#

    /// Plans a job of an hour; computes units at once, as the job's name says.
    private static let workerScript = #"""
        #!/bin/sh
        here=$(dirname "$0")
        if [ "$2" = --plan ]; then
            read -r request
            case "$request" in
                *'"name":"plan-hang'*)
                    echo $$ >"$here/planner"
                    while :; do sleep 0.05; done ;;
            esac
            echo '{"stages":[{"name":"weights","detail":"x","seconds":3600}],"obstacles":[],"seconds":3600,"peak_bytes":1}'
            exit 0
        fi
        request=$(cat "$3")
        outcome=$5
        field() { printf '%s\n' "$request" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
        token=$(field token)
        name=$(field name)
        results=$(field results_dir)
        echo "$token" >>"$here/units.log"
        end() {
            printf '{"version":1,"token":"%s","host":"n1","seconds":1,"peak_bytes":1,%s}' \
                "$token" "$1" >"$outcome.tmp"
            mv "$outcome.tmp" "$outcome"
        }
        die() {
            echo NODE_FAIL >"$here/end-$token"
            echo NODE_FAIL >"$(dirname "$(grep -lx -- "$token" "$here"/jobs/*/name)")/state"
        }
        case "$name/$token" in
            gate*-m1-*) while [ ! -e "$here/open" ]; do sleep 0.02; done ;;
            node*-m1-1) echo NODE_FAIL >"$here/end-$token"; exit 1 ;;
            lost*-m1-1) exit 0 ;;
            stop*-m1-1) mkdir -p "$results"; end '"result":"stopped"'; exit 143 ;;
            other*-m1-1 | other*-m1-2)
                while [ ! -e "$here/open" ]; do sleep 0.02; done
                end '"result":"failed","other_program":"9","failure":{"class":"user","message":"it is 9"}'
                exit 1 ;;
            user*-m1-*) end '"result":"failed","failure":{"class":"user","message":"no such thing"}'; exit 1 ;;
            halt*-whole-1)
                mkdir -p "$results"
                : >"$results/half"
                end '"result":"stopped"'
                exit 143 ;;
            limit*-m1-1)
                printf '{"kind":"heartbeat","moves":1,"processor_seconds":0,"transferred_bytes":0,"peak_bytes":1,"kept":1}\n' \
                    >"$(field job_dir)/heartbeat.json"
                echo TIMEOUT >"$here/end-$token"
                exit 1 ;;
            limit*-m1-2) echo TIMEOUT >"$here/end-$token"; exit 1 ;;
            hang*-m1-*) while :; do sleep 0.05; done ;;
            ghost*-m1-1 | ghost*-whole-1)
                # The queue calls it dead, and it goes on writing where it was told to.
                die
                while [ ! -e "$here/open" ]; do
                    rm -rf "$results"
                    mkdir -p "$results"
                    printf '{"name":"a ghost"}' >"$results/report.json"
                    : >"$here/haunted"
                    sleep 0.01
                done
                end '"result":"failed","failure":{"class":"user","message":"a ghost"}'
                exit 1 ;;
            ghost*-m1-2 | ghost*-whole-2)
                mkdir -p "$results"
                : >"$results/mine"
                # Through two whole turns of the other.
                for turn in 1 2; do
                    rm -f "$here/haunted"
                    while [ ! -e "$here/haunted" ]; do sleep 0.01; done
                done
                if [ ! -e "$results/mine" ]; then
                    end '"result":"failed","failure":{"class":"bug","message":"it was taken away"}'
                    exit 1
                fi ;;
            late*-whole-1)
                # Taken for dead, and done before its successor.
                die
                until grep -q -- "-whole-2" "$here/units.log"; do sleep 0.01; done
                mkdir -p "$results"
                : >"$results/first" ;;
            late*-whole-2)
                mkdir -p "$results"
                while :; do : >"$results/second"; sleep 0.05; done ;;
        esac
        if [ "$(field scope)" = whole ]; then
            [ -e "$results/first" ] || rm -rf "$results"
            mkdir -p "$results/reverse-r0.5"
            printf '{"name":"%s"}' "$name" >"$results/report.json"
        fi
        end '"result":"succeeded"'

        """#
}
