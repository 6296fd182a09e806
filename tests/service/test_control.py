"""The control socket, over real sockets: protocol, limits, descriptors, lifetime."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import socket
import stat
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import HardwareError, SystemRefusal
from gateway.service.control import ControlServer, Descriptors, Handler, UsageError
from gateway.service.control_wire import MAX_DESCRIPTORS, MAX_LINE

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def echo(request: dict[str, Any], _fds: Descriptors) -> object:
    return request


async def fail(_request: dict[str, Any], _fds: Descriptors) -> object:
    raise HardwareError("the card is gone")


async def misuse(_request: dict[str, Any], _fds: Descriptors) -> object:
    raise UsageError("'x' is missing")


async def defect(_request: dict[str, Any], _fds: Descriptors) -> object:
    raise KeyError("surprise")


async def unwritable(_request: dict[str, Any], _fds: Descriptors) -> object:
    return object()


HANDLERS: dict[str, Handler] = {
    "echo": echo,
    "fail": fail,
    "misuse": misuse,
    "defect": defect,
    "unwritable": unwritable,
}


def run(
    path: Path,
    scenario: Callable[[ControlServer], Awaitable[None]],
    handlers: dict[str, Handler] | None = None,
    **settings: Any,
) -> list[str]:
    """Runs the scenario against a server; the defects it was told of."""
    defects: list[str] = []

    async def main() -> None:
        server = ControlServer(
            path,
            HANDLERS if handlers is None else handlers,
            lambda command, error: defects.append(f"{command}: {error!r}"),
            **settings,
        )
        await server.start()
        try:
            async with asyncio.timeout(10):
                await scenario(server)
        finally:
            await server.close()

    asyncio.run(main())
    gc.collect()  # an unclosed socket would warn here
    return defects


async def ask(client: Client, data: bytes) -> dict[str, Any]:
    reader, writer = client
    writer.write(data)
    answer: dict[str, Any] = json.loads(await reader.readline())
    return answer


def leave(client: Client) -> None:
    client[1].close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (
            b'{"v": 1, "command": "echo", "x": [1]}',
            {"ok": True, "result": {"v": 1, "command": "echo", "x": [1]}},
        ),
        (
            b'{"v": 1, "command": "fail"}',
            {"ok": False, "error": "the card is gone", "fault": "hardware", "code": "failed"},
        ),
        (
            b'{"v": 1, "command": "misuse"}',
            {"ok": False, "error": "'x' is missing", "fault": "configuration", "code": "usage"},
        ),
        (
            b'{"v": 1, "command": "nothing"}',
            {
                "ok": False,
                "error": "unknown command 'nothing'",
                "fault": "configuration",
                "code": "usage",
            },
        ),
    ],
)
def test_a_request_and_its_answer(path: Path, line: bytes, answer: dict[str, Any]) -> None:
    async def scenario(_server: ControlServer) -> None:
        client = await asyncio.open_unix_connection(path)
        assert await ask(client, line + b"\n") == answer
        leave(client)

    assert run(path, scenario) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"nonsense", "a JSON object on one line"),
        (b"", "a JSON object on one line"),
        (b"[1]", "a JSON object on one line"),
        (b"\xff", "a JSON object on one line"),
        (b'{"command": "echo"}', "speaks version 1"),
        (b'{"v": 2, "command": "echo"}', "speaks version 1"),
        (b'{"v": 1}', '"command" is missing'),
        (b'{"v": 1, "command": 5}', '"command" is missing'),
    ],
)
def test_a_bad_request_is_answered_and_the_next_one_works(
    path: Path, line: bytes, words: str
) -> None:
    async def scenario(_server: ControlServer) -> None:
        client = await asyncio.open_unix_connection(path)
        answer = await ask(client, line + b"\n")
        assert (answer["ok"], answer["code"]) == (False, "usage")
        assert words in answer["error"]
        assert (await ask(client, b'{"v": 1, "command": "echo"}\n'))["ok"]
        leave(client)

    run(path, scenario)


@pytest.mark.parametrize("command", ["defect", "unwritable"])
def test_a_defect_is_told_without_its_content_and_serving_goes_on(path: Path, command: str) -> None:
    async def scenario(_server: ControlServer) -> None:
        client = await asyncio.open_unix_connection(path)
        answer = await ask(client, f'{{"v": 1, "command": "{command}"}}\n'.encode())
        assert (answer["ok"], answer["fault"], answer["code"]) == (False, "ours", "failed")
        assert "surprise" not in answer["error"]
        assert (await ask(client, b'{"v": 1, "command": "echo"}\n'))["ok"]
        leave(client)

    assert [text.partition(":")[0] for text in run(path, scenario)] == [command]


def test_requests_are_answered_in_order_however_the_bytes_come(path: Path) -> None:
    async def scenario(_server: ControlServer) -> None:
        reader, writer = client = await asyncio.open_unix_connection(path)
        lines = [f'{{"v": 1, "command": "echo", "n": {n}}}\n'.encode() for n in range(20)]
        for byte in lines[0]:
            writer.write(bytes([byte]))
            await writer.drain()
        writer.write(b"".join(lines[1:]))
        answers = [json.loads(await reader.readline())["result"]["n"] for _ in lines]
        assert answers == list(range(20))
        leave(client)

    run(path, scenario)


def test_a_client_that_only_finished_sending_gets_its_answer(path: Path) -> None:
    async def scenario(_server: ControlServer) -> None:
        reader, writer = client = await asyncio.open_unix_connection(path)
        writer.write(b'{"v": 1, "command": "echo"}\n')
        writer.write_eof()
        assert json.loads(await reader.readline())["ok"]
        assert await reader.read() == b""
        leave(client)

    run(path, scenario)


def test_a_large_answer_arrives_whole(path: Path) -> None:
    async def large(_request: dict[str, Any], _fds: Descriptors) -> object:
        return "x" * 3_000_000

    async def scenario(_server: ControlServer) -> None:
        reader, writer = client = await asyncio.open_unix_connection(path, limit=1 << 22)
        writer.write(b'{"v": 1, "command": "large"}\n')
        assert len(json.loads(await reader.readline())["result"]) == 3_000_000
        leave(client)

    run(path, scenario, {"large": large})


@pytest.mark.parametrize("data", [b"x" * (MAX_LINE + 2), b"x" * (MAX_LINE + 1) + b"\n"])
def test_a_line_that_is_too_long_ends_the_conversation(path: Path, data: bytes) -> None:
    async def scenario(_server: ControlServer) -> None:
        client = await asyncio.open_unix_connection(path)
        assert "longer than 65536 bytes" in (await ask(client, data))["error"]
        assert await client[0].read() == b""
        leave(client)

    run(path, scenario)


def test_a_silent_client_is_closed(path: Path) -> None:
    async def scenario(_server: ControlServer) -> None:
        client = await asyncio.open_unix_connection(path)
        assert await client[0].read() == b""
        leave(client)

    run(path, scenario, idle_s=0)


def test_a_client_too_many_is_told(path: Path) -> None:
    async def scenario(_server: ControlServer) -> None:
        clients = [await asyncio.open_unix_connection(path) for _ in range(2)]
        for client in clients:
            assert (await ask(client, b'{"v": 1, "command": "echo"}\n'))["ok"]
        third = await asyncio.open_unix_connection(path)
        answer = json.loads(await third[0].readline())
        assert answer["error"] == "2 clients are connected already"
        for client in (*clients, third):
            leave(client)

    run(path, scenario, max_clients=2)


def test_a_handler_is_cancelled_when_its_client_leaves(path: Path) -> None:
    async def scenario(_server: ControlServer) -> None:
        client = await asyncio.open_unix_connection(path)
        client[1].write(b'{"v": 1, "command": "wait"}\n')
        await begun.wait()
        leave(client)
        await cancelled.wait()

    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def wait(_request: dict[str, Any], _fds: Descriptors) -> object:
        begun.set()
        try:
            return await asyncio.get_running_loop().create_future()
        finally:
            cancelled.set()

    run(path, scenario, {"wait": wait})


def test_closing_the_server_ends_handlers_and_removes_the_socket(path: Path) -> None:
    async def scenario(server: ControlServer) -> None:
        client = await asyncio.open_unix_connection(path)
        client[1].write(b'{"v": 1, "command": "wait"}\n')
        await begun.wait()
        await server.close()
        assert await client[0].read() == b""
        assert path.name not in os.listdir(path.parent)
        leave(client)

    begun = asyncio.Event()

    async def wait(_request: dict[str, Any], _fds: Descriptors) -> object:
        begun.set()
        return await asyncio.get_running_loop().create_future()

    run(path, scenario, {"wait": wait})


def test_a_client_that_was_only_just_accepted_is_closed_too(path: Path) -> None:
    async def scenario(server: ControlServer) -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.setblocking(False)
            client.connect(str(path))
            await asyncio.sleep(0)  # one turn, in which the server accepts,
            await asyncio.sleep(0)  # and we are back before the connection's task has begun
            await server.close()

    before = open_count()
    run(path, scenario)
    assert open_count() == before


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=200) | st.just(b'{"v": 1, "command": "echo"}\n'), max_size=8))
def test_any_bytes_are_answered_line_by_line(chunks: list[bytes]) -> None:
    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as folder:
            server = ControlServer(Path(folder) / "s", HANDLERS)
            await server.start()
            reader, writer = await asyncio.open_unix_connection(server.path)
            for chunk in chunks:
                writer.write(chunk)
            writer.write_eof()
            answers = (await reader.read()).splitlines()
            writer.close()
            await server.close()
        assert len(answers) == b"".join(chunks).count(b"\n")
        assert all(isinstance(json.loads(answer)["ok"], bool) for answer in answers)

    asyncio.run(scenario())


# --- descriptors -------------------------------------------------------------------------------


def open_count() -> int:
    return len(os.listdir("/proc/self/fd"))


async def pass_files(path: Path, count: int, tmp_path: Path) -> dict[str, Any]:
    files = [os.open(tmp_path / f"file{n}", os.O_RDWR | os.O_CREAT) for n in range(count)]
    with socket.socket(socket.AF_UNIX) as client:
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, str(path))
        socket.send_fds(client, [b'{"v": 1, "command": "files"}\n'], files)
        answer: dict[str, Any] = json.loads(
            await asyncio.get_running_loop().sock_recv(client, 4096)
        )
    for file in files:
        os.close(file)
    return answer


@pytest.mark.parametrize("count", [0, 1, 2, MAX_DESCRIPTORS, MAX_DESCRIPTORS + 3])
def test_files_are_passed_and_none_is_left_open(path: Path, tmp_path: Path, count: int) -> None:
    async def files(_request: dict[str, Any], fds: Descriptors) -> object:
        assert not any(os.get_inheritable(number) for number in fds)
        return [os.path.basename(os.readlink(f"/proc/self/fd/{number}")) for number in fds]

    async def scenario(_server: ControlServer) -> None:
        answer = await pass_files(path, count, tmp_path)
        passed = min(count, MAX_DESCRIPTORS)
        assert answer["result"] == [f"file{n}" for n in range(passed)]

    before = open_count()
    run(path, scenario, {"files": files})
    assert open_count() == before


def test_a_file_that_is_taken_belongs_to_the_handler(path: Path, tmp_path: Path) -> None:
    taken: list[int] = []

    async def files(_request: dict[str, Any], fds: Descriptors) -> object:
        taken.append(fds.take())
        return len(fds)

    async def scenario(_server: ControlServer) -> None:
        assert (await pass_files(path, 2, tmp_path))["result"] == 2

    run(path, scenario, {"files": files})
    assert os.readlink(f"/proc/self/fd/{taken[0]}").endswith("file0")
    os.close(taken[0])


def test_files_go_with_their_own_request(path: Path, tmp_path: Path) -> None:
    async def files(_request: dict[str, Any], fds: Descriptors) -> object:
        return len(fds)

    async def scenario(_server: ControlServer) -> None:
        assert (await pass_files(path, 1, tmp_path))["result"] == 1
        assert (await pass_files(path, 0, tmp_path))["result"] == 0

    run(path, scenario, {"files": files})


def test_files_find_their_request_among_several_that_wait(path: Path, tmp_path: Path) -> None:
    async def files(request: dict[str, Any], fds: Descriptors) -> object:
        return [request["n"], [Path(os.readlink(f"/proc/self/fd/{n}")).name for n in fds]]

    async def scenario(_server: ControlServer) -> None:
        opened = [os.open(tmp_path / f"file{n}", os.O_RDWR | os.O_CREAT) for n in range(2)]
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))  # the server reads none of it before we have sent all
            client.sendall(_request(0))
            socket.send_fds(client, [_request(1) + _request(2)], opened[:1])
            client.sendall(_request(3)[:10])
            client.sendall(_request(3)[10:] + _request(4))
            socket.send_fds(client, [_request(5)], opened[1:])
            client.setblocking(False)
            answers = b""
            while answers.count(b"\n") < 6:
                answers += await asyncio.get_running_loop().sock_recv(client, 4096)
        for file in opened:
            os.close(file)
        assert [json.loads(answer)["result"] for answer in answers.splitlines()] == [
            [0, []],
            [1, ["file0"]],
            [2, []],
            [3, []],
            [4, []],
            [5, ["file1"]],
        ]

    before = open_count()
    run(path, scenario, {"files": files})
    assert open_count() == before


def test_files_of_requests_that_nobody_reads_are_closed(path: Path, tmp_path: Path) -> None:
    async def wait(_request: dict[str, Any], _fds: Descriptors) -> object:
        begun.set()
        return await asyncio.get_running_loop().create_future()

    async def scenario(_server: ControlServer) -> None:
        opened = [os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)]
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b'{"v": 1, "command": "wait"}\n')
            socket.send_fds(client, [_request(1)], opened)
            socket.send_fds(client, [_request(2)[:9]], opened)
            await begun.wait()
        os.close(opened[0])

    begun = asyncio.Event()
    before = open_count()
    run(path, scenario, {"wait": wait})
    assert open_count() == before


def _request(number: int) -> bytes:
    return f'{{"v": 1, "command": "files", "n": {number}}}\n'.encode()


# --- the socket's file -------------------------------------------------------------------------


def test_the_socket_belongs_to_user_and_group(path: Path) -> None:
    async def scenario(_server: ControlServer) -> None:
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o660

    run(path, scenario)


def test_a_socket_that_nobody_answers_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    async def scenario(_server: ControlServer) -> None:
        client = await asyncio.open_unix_connection(path)
        assert (await ask(client, b'{"v": 1, "command": "echo"}\n'))["ok"]
        leave(client)

    run(path, scenario)


def test_another_service_is_never_replaced(path: Path) -> None:
    async def scenario(_server: ControlServer) -> None:
        with pytest.raises(SystemRefusal, match="another tipring answers at"):
            await ControlServer(path, {}).start()
        client = await asyncio.open_unix_connection(path)
        assert (await ask(client, b'{"v": 1, "command": "echo"}\n'))["ok"]
        leave(client)

    run(path, scenario)


def refused(path: Path) -> str:
    with pytest.raises(SystemRefusal) as caught:
        asyncio.run(ControlServer(path, {}).start())
    return str(caught.value)


def test_places_that_do_not_serve(tmp_path: Path) -> None:
    plain = tmp_path / "file"
    plain.write_text("")
    assert "exists and is no socket" in refused(plain)
    assert plain.exists()
    assert "No such file" in refused(tmp_path / "none" / "x.sock")
    assert "longer than 107 bytes" in refused(tmp_path / ("x" * 120))
