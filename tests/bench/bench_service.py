"""What an answer costs: CPU per call of the service, without a socket.

Run: OMP_NUM_THREADS=1 python tests/bench/bench_service.py
"""

from __future__ import annotations

import asyncio
import time

import httpx

from paperknife.service.app import create_app
from paperknife.service.schemas import QUESTION_EXAMPLE


async def cpu_ms(client: httpx.AsyncClient, method: str, path: str, times: int, body: object = None) -> float:
    """Return the CPU milliseconds of one call, client included."""
    await client.request(method, path, json=body)
    began = time.process_time()
    for _ in range(times):
        answer = await client.request(method, path, json=body)
        answer.raise_for_status()
    return 1000 * (time.process_time() - began) / times


async def main() -> None:
    """Print the costs."""
    transport = httpx.ASGITransport(create_app(keys=None))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        plain = {key: value for key, value in QUESTION_EXAMPLE.items() if key != "reasons"}
        print(f"GET /healthz              {await cpu_ms(client, 'GET', '/healthz', 500):8.2f} ms CPU")
        print(
            f"POST /v1/score            {await cpu_ms(client, 'POST', '/v1/score', 100, plain):8.2f} ms CPU"
        )
        explained = await cpu_ms(client, "POST", "/v1/score", 100, QUESTION_EXAMPLE)
        print(f"POST /v1/score, reasons   {explained:8.2f} ms CPU")
        batch = {"opens": [plain] * 1000}
        took = await cpu_ms(client, "POST", "/v1/score/batch", 3, batch)
        print(f"POST /v1/score/batch 1000 {took:8.2f} ms CPU, {1_000_000 / took:,.0f} opens a CPU second")


if __name__ == "__main__":
    asyncio.run(main())
